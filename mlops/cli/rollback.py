"""`mlops rollback`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Give the traffic back to the model before.")
@click.argument("environment")
@click.option("--reason", metavar="WHY", default="", help="Kept on the endpoint and the model that is held.")
@click.pass_obj
def command(session: Session, environment: str, reason: str) -> None:
    """Give the traffic of ENVIRONMENT back to the model before, and hold the one that was live."""
    session.read_params()
    from mlops.flow.promote import rollback
    from mlops.views import rollback as view

    session.answer(lambda context: rollback.run(context, environment, reason=reason), view)
