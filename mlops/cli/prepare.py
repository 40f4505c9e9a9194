"""`mlops prepare`."""

import os
from pathlib import Path

import click

from mlops.cli.session import Session

# Read once, when polars is loaded. Rows are judged in threads of our own, and more would get in their way. Memory that
# a frame gave back is kept five seconds for the next: to return it at once and to fetch it again took a third of the
# time, and to keep it for good made the rest, which needs it elsewhere, the largest moment.
POLARS = {
    "POLARS_MAX_THREADS": "1",
    "POLARS_ROW_GROUP_PREFETCH_SIZE": "1",  # each holds some 15 MB, and eight are read ahead otherwise
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:5000,muzzy_decay_ms:5000,narenas:2",  # of jemalloc, which polars brings along
}


@click.command(short_help="Make training files from the dataset and data/.")
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
    for name, value in POLARS.items():
        os.environ.setdefault(name, value)
    from mlops.flow.dataset import prepare
    from mlops.views import prepare as view

    session.answer(lambda context: prepare.run(context, out=out, upload=upload), view)
