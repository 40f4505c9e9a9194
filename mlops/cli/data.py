"""`mlops data`: look at conversations, at their numbers, and at what a change does to them."""

from pathlib import Path

import click

from mlops.cli.session import Session
from mlops.domain.dataset.manifest import FILES
from mlops.domain.dataset.rows import Reason

folder_option = click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/data"),
    show_default=True,
    help="Where `mlops prepare` wrote the files.",
)


@click.group(short_help="Look at conversations, their numbers, their changes.")
def command() -> None:
    """Look at conversations, at their numbers, and at what a change does to them."""


@command.command()
@folder_option
@click.option("--rows", type=click.IntRange(1), default=3, show_default=True, help="How many.")
@click.option("--split", type=click.Choice(list(FILES)), default="train", show_default=True, help="Which part.")
@click.option("--rejected", type=click.Choice([str(reason) for reason in Reason]), help="Rows that were left out.")
@click.pass_obj
def show(session: Session, folder: Path, rows: int, split: str, rejected: str | None) -> None:
    """Print conversations as a person would read them."""
    from mlops.flow.dataset import data
    from mlops.views import data_show as view

    session.answer_alone(lambda: data.show(folder, rows=rows, split=split, reason=rejected), view)


@command.command()
@folder_option
@click.pass_obj
def stats(session: Session, folder: Path) -> None:
    """Print counts by part and source, and how long conversations are."""
    from mlops.flow.dataset import data
    from mlops.views import data_stats as view

    session.answer_alone(lambda: data.stats(folder), view)


@command.command()
@click.argument("revision")
@click.pass_obj
def diff(session: Session, revision: str) -> None:
    """Say what the working tree adds to, removes from and edits in the conversations of a commit."""
    from mlops.flow.dataset import data
    from mlops.views import data_diff as view

    session.answer(lambda context: data.diff(context, revision), view)
