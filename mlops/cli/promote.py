"""`mlops promote`."""

import click

from mlops.cli.session import Session


@click.command()
@click.argument("environment")
@click.option(
    "--model", metavar="NAME:VERSION", help="The model; the default is the one for the current parameters and data."
)
@click.pass_obj
def command(session: Session, environment: str, model: str | None) -> None:
    """Give a registered model the traffic of ENVIRONMENT, step by step, or roll back."""
    from mlops.flow import promote

    session.run(lambda context: promote.run(context, environment, model=model or None))
