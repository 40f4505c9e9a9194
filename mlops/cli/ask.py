"""`mlops ask`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Ask a held-out question: prediction beside ground truth.")
@click.argument("environment")
@click.option("--index", type=click.IntRange(0), default=0, show_default=True, help="Which held-out conversation.")
@click.pass_obj
def command(session: Session, environment: str, index: int) -> None:
    """Ask ENVIRONMENT a held-out question; show the prediction beside the ground truth."""
    from mlops.flow.promote import ask
    from mlops.views import ask as view

    session.answer(lambda context: ask.run(context, environment, index=index), view)
