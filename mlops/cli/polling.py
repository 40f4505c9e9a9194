"""`mlops polling`."""

from typing import TYPE_CHECKING

import click

from mlops.cli.session import Session

if TYPE_CHECKING:
    from mlops.flow.outcome import Outcome
    from mlops.flow.release.polling import PollingResult


@click.command(short_help="Turn the polling workflow on or off.")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.pass_obj
def command(session: Session, state: str) -> None:
    """Turn the workflow `poll` on after a submission, or off when nothing is open."""
    from mlops.flow.release import polling
    from mlops.github_api import GitHub
    from mlops.params import REHEARSAL_VARIABLE
    from mlops.views import polling as view

    def do() -> "Outcome[PollingResult]":
        if session.environ.get(REHEARSAL_VARIABLE):
            return polling.rehearsed()
        return polling.run(GitHub.from_environment(session.environ), on=state == "on")

    session.answer_alone(do, view)
