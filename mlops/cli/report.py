"""`mlops report`."""

from typing import TYPE_CHECKING

import click

from mlops.cli.session import Session

if TYPE_CHECKING:
    from mlops.flow.outcome import Outcome


@click.command(short_help="Open or update an issue for each cause of a failure.")
@click.option("--workflow", required=True, help="Name of the workflow that failed.")
@click.pass_obj
def command(session: Session, workflow: str) -> None:
    """Open or update one issue for each cause of this workflow run's failure."""
    from mlops.flow.release import report
    from mlops.github_api import GitHub
    from mlops.views import report as view

    def do() -> "Outcome[report.ReportResult]":
        return report.run(GitHub.from_environment(session.environ), workflow, session.actions.run_url or "")

    session.answer_alone(do, view)
