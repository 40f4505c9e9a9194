"""`mlops models`."""

import click

from mlops.cli.session import Session


@click.command(short_help="List the base models that can be fine-tuned.")
@click.option("--task", default="chat-completion", show_default=True, help="The task that a model is fine-tuned for.")
@click.option("--match", multiple=True, metavar="PART", help="Look at models whose names hold this; repeatable.")
@click.pass_obj
def command(session: Session, task: str, match: tuple[str, ...]) -> None:
    """List the registry's base models that can be fine-tuned, with their dates and sizes."""
    session.read_params()
    from mlops.flow.training import models
    from mlops.views import models as view

    session.answer(lambda context: models.run(context, task=task, match=match), view)
