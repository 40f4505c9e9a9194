"""`mlops doctor`."""

import click

from mlops.cli.session import Session


@click.command()
@click.pass_obj
def command(session: Session) -> None:
    """Check that everything a release needs is there. Changes nothing."""
    from mlops.flow.release import doctor
    from mlops.views import doctor as view

    session.answer(doctor.run, view)
