"""Runs the command line and turns failures into a message and an exit code, here and nowhere else."""

import atexit
import gc
import os
import signal
import sys
from contextlib import suppress

from mlops.errors import INTERRUPTED, BadInput, MlopsError

OBJECTS_BETWEEN_COLLECTIONS = 300_000  # importing the SDK makes 250,000; a fifth of its time went into looking


def main() -> int:
    """The `mlops` command. Gives the exit code of the README's table."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    # An interpreter that ends looks at all objects again, several times, and frees memory that is given back anyway:
    # 0.3 s of each command.
    atexit.register(gc.freeze)
    _open_streams()
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _run()
    finally:
        _empty_streams()


def _stop(*_: object) -> None:
    """Take SIGTERM for Ctrl-C: it is the second signal of a canceled workflow, and the first of a container's end."""
    raise KeyboardInterrupt


def _run() -> int:
    import click

    from mlops.cli.main import cli

    try:
        # What a command ended with by `exit` is given back here. The name is the same for `python -m mlops`.
        code = cli.main(prog_name="mlops", standalone_mode=False)
    except MlopsError as error:
        _tell(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        _annotate(BadInput(error.format_message()))
        return BadInput.exit_code
    except SystemExit:  # click's answer to a reader that went away, as `head` does: it has read what it wanted
        return 0
    except (KeyboardInterrupt, click.Abort) as stop:
        told = "interrupted; what runs on Azure goes on, and the same command carries on from there"
        print(str(stop) or str(stop.__cause__ or "") or told, file=sys.stderr)  # click puts its own in between
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _open_streams() -> None:
    """A stream that the caller has closed (`>&-`) takes everything and keeps nothing."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - as long as the process


def _empty_streams() -> None:
    """Say what is left to say; a reader that went away must not make an exit code of its own of it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            from mlops.views.view import forget

            forget(stream)


def _tell(error: MlopsError) -> None:
    from mlops.github import Actions
    from mlops.views import explain

    _empty_streams()
    with suppress(BrokenPipeError):  # nobody reads it; the exit code still says it
        with Actions.from_environment(os.environ, sys.stderr).untrusted():
            print(explain(error), file=sys.stderr)
        _annotate(error)


def _annotate(error: MlopsError) -> None:
    from mlops.github import Actions

    Actions.from_environment(os.environ, sys.stderr).error(error)


if __name__ == "__main__":
    sys.exit(main())
