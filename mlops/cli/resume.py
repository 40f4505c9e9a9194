"""`mlops resume`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Carry finished runs on through gate and register.")
@click.pass_obj
def command(session: Session) -> None:
    """Carry finished runs on through gate and register; one reconcile run."""
    from mlops.flow.release import resume
    from mlops.views import model_card
    from mlops.views import resume as view

    session.answer(lambda context: resume.run(context, render=model_card.markdown), view)
