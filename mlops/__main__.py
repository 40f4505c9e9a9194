"""Runs the command line and turns failures into a message and an exit code, here and nowhere else."""

import atexit
import gc
import os
import sys

from mlops.errors import INTERRUPTED, MlopsError

OBJECTS_BETWEEN_COLLECTIONS = 300_000  # importing the SDK makes 250,000; a fifth of its time went into looking


def main() -> int:
    """The `mlops` command. Gives the exit code of the README's table."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    # An interpreter that ends looks at all objects again, several times, and frees memory that is given back anyway:
    # 0.3 s of each command.
    atexit.register(gc.freeze)

    import click

    from mlops.cli.main import cli

    try:
        code = cli.main(standalone_mode=False)  # what a command ended with by `exit`; click gives it back here
    except MlopsError as error:
        _tell(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort) as stop:
        told = "interrupted; what runs on Azure goes on, and the same command carries on from there"
        print(str(stop) or str(stop.__cause__ or "") or told, file=sys.stderr)  # click puts its own in between
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _tell(error: MlopsError) -> None:
    from mlops.github import Actions
    from mlops.views import explain

    actions = Actions.from_environment(os.environ, sys.stderr)
    sys.stdout.flush()
    with actions.untrusted():
        print(explain(error), file=sys.stderr)
    actions.error(error)


if __name__ == "__main__":
    sys.exit(main())
