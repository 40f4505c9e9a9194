"""`mlops status`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Show where things stand, and what is live.")
@click.pass_obj
def command(session: Session) -> None:
    """Show where things stand for this commit, and what each environment serves."""
    session.read_params()
    from mlops.flow.release import status
    from mlops.views import status as view

    session.answer(status.run, view)
