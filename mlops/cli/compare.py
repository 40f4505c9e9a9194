"""`mlops compare`."""

import click

from mlops.cli.options import NAME
from mlops.cli.session import Session


@click.command(short_help="Show what two models answered, side by side.")
@click.argument("first", metavar="A", type=NAME)
@click.argument("second", metavar="B", type=NAME)
@click.option("--worst", type=click.IntRange(1), default=10, show_default=True, help="Losses and gains that are shown.")
@click.option("--metric", default="rougeL", show_default=True, help="What answers are put in order by.")
@click.option("--ask", is_flag=True, help="Have a model answer that did not yet; a job, paid once.")
@click.pass_obj
def command(session: Session, first: str, second: str, worst: int, metric: str, ask: bool) -> None:
    """Show what A and B answered to the same held-out questions: A's biggest losses and gains first.

    A and B are a version, NAME:VERSION, a run (ft-...), base, live, or an environment. Answers that are kept from
    an evaluation cost nothing.
    """
    session.read_params()
    from mlops.flow.evaluation import compare
    from mlops.views import compare as view

    session.answer(
        lambda context: compare.run(context, first, second, metric=metric, worst=worst, ask=ask),
        view,
    )
