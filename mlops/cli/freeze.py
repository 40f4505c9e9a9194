"""`mlops freeze`."""

import click

from mlops.cli.session import Session


@click.command()
@click.argument("environment")
@click.option("--reason", metavar="WHY", required=True, help="Kept on the endpoint, and told to whoever meets it.")
@click.pass_obj
def command(session: Session, environment: str, reason: str) -> None:
    """Keep everything but a rollback from changing ENVIRONMENT."""
    session.read_params()
    from mlops.flow.promote import freeze
    from mlops.views import freeze as view

    session.answer(lambda context: freeze.run(context, environment, reason=reason), view)
