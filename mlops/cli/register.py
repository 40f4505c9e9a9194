"""`mlops register`."""

from pathlib import Path

import click

from mlops.cli.options import NAME
from mlops.cli.session import Session


@click.command(short_help="Register a model that passed the gate, once.")
@click.option("--job", type=NAME, help="The job; the default is the newest for the current parameters and data.")
@click.option(
    "--card",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("build/model-card.md"),
    show_default=True,
    help="Where the model card is written as Markdown; it is the model's description as well.",
)
@click.pass_obj
def command(session: Session, job: str | None, card: Path) -> None:
    """Register the model of a run that passes the gate, once, with its lineage."""
    session.read_params()
    from mlops.flow.registry import register
    from mlops.views import model_card
    from mlops.views import register as view

    session.answer(lambda context: register.run(context, job=job, card=card, render=model_card.markdown), view)
