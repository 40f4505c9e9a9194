"""`mlops projects`."""

from pathlib import Path

import click

from mlops.cli.session import Session

ONLY_VARIABLE = "MLOPS_ONLY"  # set by `mlops rehearse` for the commands that it starts: the folder that is rehearsed


@click.command(short_help="List the models here, and those that a change concerns.")
@click.option("--base", default="", metavar="COMMIT", help="What to compare with; without it each is concerned.")
@click.option("--only", default="", metavar="DIR", help="One folder, whatever changed.")
@click.pass_obj
def command(session: Session, base: str, only: str) -> None:
    """List the models of this repository, and those that a change concerns. Needs no cloud."""
    from mlops import history
    from mlops.flow.repository import projects
    from mlops.views import projects as view

    one = only or session.environ.get(ONLY_VARIABLE) or ""
    session.answer_alone(lambda: projects.run(history.top(Path()).resolve(), base=base, only=one), view)
