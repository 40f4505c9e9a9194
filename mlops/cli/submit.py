"""`mlops submit`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Submit the fine-tuning pipeline, once for equal work.")
@click.option("--force/--no-force", default=False, help="Train again although this was trained.")
@click.pass_obj
def command(session: Session, force: bool) -> None:
    """Submit the fine-tuning pipeline, once for each combination of model, parameters and data."""
    session.read_params()
    from mlops.flow.training import submit
    from mlops.views import submit as view

    session.answer(lambda context: submit.run(context, force=force), view)
