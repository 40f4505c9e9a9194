"""`mlops lineage`."""

import click

from mlops.cli.options import NAME
from mlops.cli.session import Session


@click.command(short_help="Walk back to commit, parameters, data and sources.")
@click.argument("what", metavar="MODEL[:VERSION]|ENDPOINT|ENVIRONMENT", type=NAME)
@click.pass_obj
def command(session: Session, what: str) -> None:
    """Walk from a model or an endpoint back to commit, parameters, data and sources."""
    session.read_params()
    from mlops.flow.registry import lineage
    from mlops.views import lineage as view

    session.answer(lambda context: lineage.run(context, what), view)
