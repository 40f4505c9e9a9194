"""`mlops history`."""

from datetime import UTC, datetime

import click

from mlops.cli.session import Session


@click.command(short_help="List releases, rollbacks and refusals.")
@click.option("--environment", metavar="NAME", help="Only what happened to this environment.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Only what happened since then (UTC)."
)
@click.pass_obj
def command(session: Session, environment: str | None, since: datetime | None) -> None:
    """List every training, verdict, promotion and rollback with who and why, newest first.

    It is read from the tags that Azure ML keeps; there is no other record.
    """
    session.read_params()
    from mlops.flow.release import history
    from mlops.views import history as view

    start = since.replace(tzinfo=UTC) if since else None
    session.answer(lambda context: history.run(context, environment=environment, since=start), view)
