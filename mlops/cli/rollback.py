"""`mlops rollback`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Give the traffic back to the model before.")
@click.argument("environment")
@click.pass_obj
def command(session: Session, environment: str) -> None:
    """Give the traffic of ENVIRONMENT back to the model before."""
    from mlops.flow.promote import rollback
    from mlops.views import rollback as view

    session.answer(lambda context: rollback.run(context, environment), view)
