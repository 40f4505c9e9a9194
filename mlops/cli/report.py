"""`mlops report`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Open or update an issue for each cause of a failure.")
@click.option("--workflow", required=True, help="Name of the workflow that failed.")
@click.pass_obj
def command(session: Session, workflow: str) -> None:
    """Open or update one issue for each cause of this workflow run's failure."""
    from mlops.flow.release import report
    from mlops.github_api import GitHub

    github = GitHub.from_environment(session.environ)
    session.tell(lambda: report.run(github, workflow, session.actions.run_url or ""))
