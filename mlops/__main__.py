"""Runs the command line and turns failures into a message and an exit code, here and nowhere else."""

import atexit
import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile

from mlops import streams
from mlops.errors import INTERRUPTED, BadInput, MlopsError, Problem

MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.ENFILE,
    errno.EIO,
}  # what this machine refuses, which is no bug
_CODES: list[int] = []  # with which a command of this process came to its end
OBJECTS_BETWEEN_COLLECTIONS = 300_000  # importing the SDK makes 250,000; a fifth of its time went into looking


def main() -> int:
    """The `mlops` command. Gives the exit code of the README's table."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    if getattr(sys.modules["__main__"], "main", None) is main:  # and not a test, which has more to do afterwards
        atexit.register(_leave)  # the first that is registered is called last
    # An interpreter that ends looks at all objects again, several times, and frees memory that is given back anyway:
    # 0.3 s of each command.
    atexit.register(gc.freeze)
    streams.prepare(commands=os.environ.get("GITHUB_ACTIONS") == "true")
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # and not under nohup: then it goes on
        signal.signal(signal.SIGHUP, _stop)
    try:
        code = _run()
    finally:
        streams.empty()
    code = code or _unsaid()
    _CODES.append(code)
    return code


def _leave() -> None:
    """End the process when all is done that has to be: freeing each object takes another 0.2 s where the SDK is loaded.

    Threads were waited for before, and what else was registered for the end was called.
    """
    if _CODES:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(_CODES[-1])


def _stop(*_: object) -> None:
    """Take SIGTERM for Ctrl-C: it is the second signal of a canceled workflow, and the first of a container's end.

    So is SIGHUP, of a terminal that was closed: what was started here ends with the command.
    """
    raise KeyboardInterrupt


def _run() -> int:
    import click

    from mlops.cli.main import cli

    try:
        _check_words()
        # What a command ended with by `exit` is given back here. The name is the same for `python -m mlops`.
        code = cli.main(prog_name="mlops", standalone_mode=False)
    except MlopsError as error:
        _tell(error)
        _tell_programs(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "mlops"
        refused = BadInput(Problem(error.format_message(), fix=f"`{command} --help` lists what it takes"))
        _tell_programs(refused, command.partition(" ")[2])
        _annotate(refused)
        return BadInput.exit_code
    except OSError as error:
        if error.errno not in MACHINE:
            raise
        refusal = _machine(error)
        _tell(refusal)
        _tell_programs(refusal)
        return MlopsError.exit_code
    except SystemExit:  # click's answer to a reader that went away, as `head` does: it has read what it wanted
        return 0
    except (KeyboardInterrupt, click.Abort) as stop:
        told = "interrupted; what runs on Azure goes on, and the same command carries on from there"
        print(str(stop) or str(stop.__cause__ or "") or told, file=sys.stderr)  # click puts its own in between
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _check_words() -> None:
    """Refuse bytes that are no text; an address, a tag or a summary could not hold them. Raises BadInput."""
    for word in sys.argv[1:]:
        if not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word):
            raise BadInput(Problem(f"{word!r} is not UTF-8", "the command line", fix="write it in UTF-8"))


def _tell_programs(error: MlopsError, verb: str = "") -> None:
    """The problems as the one object of `--json`, where no verb came so far as to print it.

    The words of the command line are looked at themselves: one that is wrong ends the reading of the others.
    """
    if "--json" not in sys.argv or error.is_on_stdout:
        return
    import json

    import click

    from mlops.cli.main import OF_OTHERS, cli
    from mlops.render.plain import envelope

    own = list(takewhile(lambda word: word not in {"--", *OF_OTHERS}, sys.argv[1:]))  # the rest is another program's
    if "--json" not in own:
        return
    verbs = cli.list_commands(click.Context(cli))
    verb = verb or next((word for word in own if word in verbs), "")
    with suppress(BrokenPipeError):
        print(json.dumps(envelope(verb, None, error), indent=2))


def _machine(error: OSError) -> MlopsError:
    """What this machine refused; nothing that is known of the product's own."""
    where = str(error.filename) if error.filename else None
    said = error.strerror or str(error)
    again = "what is done stays done, and the same command carries on from there"
    refused = Problem(f"this machine refused: {said}", where, why=again, fix="put it right and run it again")
    return MlopsError([refused, *_before(error)])


def _before(error: BaseException) -> Sequence[Problem]:
    """What had gone wrong already: where a command ends badly and cannot write that down, that is what to know."""
    found = error.__context__
    while found is not None:
        if isinstance(found, MlopsError):
            return found.problems
        found = found.__context__
    return ()


def _unsaid() -> int:
    """The exit code of a command that did its work, when its answer was lost."""
    for name, error in streams.failures():
        why = error.strerror or str(error)
        lost = Problem(f"the answer could not be written to {name}", why=why, fix="the work is done: ask for it again")
        _tell(MlopsError(lost))
        return MlopsError.exit_code
    return 0


def _tell(error: MlopsError) -> None:
    from mlops.github import Actions
    from mlops.render import explain

    streams.empty()
    with suppress(BrokenPipeError):  # nobody reads it; the exit code still says it
        with Actions.from_environment(os.environ, sys.stderr).untrusted():
            summary, end, problems = explain(error).partition("\n")
            print(f"{_red(summary)}{end}{problems}", file=sys.stderr)
        _annotate(error)


def _red(text: str) -> str:
    """A failure is as easily seen as a success, where somebody watches who takes colours."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or os.environ.get("CI")
    return text if plain or not sys.stderr.isatty() else f"\x1b[1;31m{text}\x1b[0m"


def _annotate(error: MlopsError) -> None:
    from mlops.github import Actions

    Actions.from_environment(os.environ, sys.stderr).error(error)


if __name__ == "__main__":
    sys.exit(main())
