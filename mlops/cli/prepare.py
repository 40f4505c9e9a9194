"""`mlops prepare`."""

import os
from pathlib import Path

import click

from mlops.cli.session import Session


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/data"),
    show_default=True,
    help="Where the files are written.",
)
@click.option("--upload/--no-upload", default=True, show_default=True, help="Make data assets of the workspace.")
@click.pass_obj
def command(session: Session, out: Path, upload: bool) -> None:
    """Make training files from the pinned dataset and the curated conversations."""
    # Read once, when polars is loaded: rows are judged in threads of our own, and more would get in their way.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from mlops.flow import prepare

    session.run(lambda context: prepare.run(context, out=out, upload=upload))
