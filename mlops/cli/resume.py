"""`mlops resume`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Carry finished runs on through gate and register.")
@click.pass_obj
def command(session: Session) -> None:
    """Carry finished runs on through gate and register; one tick."""
    from mlops.flow.release import resume

    session.run(resume.run)
