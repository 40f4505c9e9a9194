"""`mlops judge`."""

from pathlib import Path

import click

from mlops.cli.options import NAME
from mlops.cli.session import Session

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Have a language model compare two models' answers.")
@click.argument("first", metavar="A", type=NAME)
@click.argument("second", metavar="B", type=NAME)
@click.option("--plan", "plan_only", is_flag=True, help="Only say how many calls that is, and what they cost.")
@click.option(
    "--kept",
    type=FILE,
    default=Path("build/judge.jsonl"),
    show_default=True,
    help="Where answers of the judge are kept.",
)
@click.pass_obj
def command(session: Session, first: str, second: str, plan_only: bool, kept: Path) -> None:
    """Have the judge of params.yaml compare what A and B answered to the same held-out questions.

    A and B as for `mlops compare`. Each pair is asked twice with swapped positions; calls are capped and kept.
    """
    session.read_params()
    from mlops.flow.evaluation import judge
    from mlops.views import judge as view

    session.answer(lambda context: judge.run(context, first, second, plan_only=plan_only, cache=kept), view)
