"""`mlops environments`."""

import click

from mlops.cli.session import Session


@click.command(short_help="List the environments in the order of promotion.")
@click.argument("names", metavar="[all|NAME ...]", nargs=-1)
@click.pass_obj
def command(session: Session, names: tuple[str, ...]) -> None:
    """List environments in the order of promotion, as params.yaml has them. Asks no cloud."""
    from mlops.flow.environments import environments
    from mlops.views import environments as view

    where = str(session.params_path)
    session.answer_alone(lambda: environments.run(session.params, names, where), view)
