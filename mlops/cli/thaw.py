"""`mlops thaw`."""

import click

from mlops.cli.session import Session


@click.command()
@click.argument("environment")
@click.pass_obj
def command(session: Session, environment: str) -> None:
    """End the freeze of ENVIRONMENT."""
    session.read_params()
    from mlops.flow.promote import thaw
    from mlops.views import thaw as view

    session.answer(lambda context: thaw.run(context, environment), view)
