"""`mlops runs`."""

from typing import TYPE_CHECKING

import click

from mlops.cli.options import NAME
from mlops.cli.session import Session

if TYPE_CHECKING:
    from mlops.flow.release.runs import RunsResult
    from mlops.views import View


@click.command(short_help="List training runs, or compare them in a table.")
@click.argument("names", metavar="[RUN]...", nargs=-1, type=NAME)
@click.option("--compare", is_flag=True, help="A column for each run: in what they differ, and what came of it.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="How many of the newest.")
@click.option("--sort", default="submitted", show_default=True, help="A column, a metric or a parameter; best first.")
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values on standard output: a line for each run.")
@click.pass_obj
def command(
    session: Session, names: tuple[str, ...], compare: bool, limit: int, sort: str, reverse: bool, as_csv: bool
) -> None:
    """List training runs: data, changed parameters, metrics, verdict, cost, duration, who. Newest first.

    RUN names one or more (ft-...) instead of the newest.
    """
    session.read_params()
    from mlops.flow.release import runs
    from mlops.views import runs as plain
    from mlops.views.runs import Compared, Flat

    if as_csv and (session.as_json or session.as_markdown):
        raise click.UsageError("--csv cannot be combined with --json or --markdown")
    session.as_csv = as_csv
    view: View[RunsResult] = Flat() if as_csv else Compared() if compare else plain
    session.answer(lambda context: runs.run(context, names, limit=limit, sort=sort, reverse=reverse), view)
