"""`mlops status`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Show what is live, what goes on, and what comes next.")
@click.option("--watch", is_flag=True, help="Look again every 15 seconds until Ctrl-C.")
@click.pass_obj
def command(session: Session, watch: bool) -> None:
    """Show what each environment serves, what runs, waits and is held, and what this commit would change.

    What waits for approval, and which workflows are off, is asked of GitHub where GITHUB_REPOSITORY and GITHUB_TOKEN
    are set.
    """
    session.read_params()
    from mlops.flow.release import status
    from mlops.github_api import GitHub
    from mlops.views import status as view

    if watch and (session.as_json or session.as_markdown):
        raise click.UsageError("--watch is for people; without it --json and --markdown print one document.")

    def look() -> None:
        session.answer(lambda context: status.run(context, github=lambda: GitHub.of_repository(session.environ)), view)

    session.again(look, seconds=15) if watch else look()
