"""`mlops cost`."""

import click

from mlops.cli.session import Session


@click.command(short_help="What runs now costs, and what a release would.")
@click.pass_obj
def command(session: Session) -> None:
    """What our machines cost now, an hour and a month, and what a release would cost, with whose prices these are."""
    session.read_params()
    from mlops.flow.release import cost
    from mlops.views import cost as view

    session.answer(cost.run, view)
