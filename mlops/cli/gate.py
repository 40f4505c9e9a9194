"""`mlops gate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops.cli.options import NAME
from mlops.cli.session import Session

if TYPE_CHECKING:
    from mlops.flow.evaluation.verdict import GateResult
    from mlops.views import View

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--job", type=NAME, help="The job; the default is the newest for the current parameters and data.")
@click.option("--from-file", type=FILE, help="Judge the metrics in a JSON file, or a written verdict again.")
@click.option("--champion-file", type=FILE, help="With --from-file: the metrics of the model to beat.")
@click.option(
    "--out",
    type=FILE,
    default=Path("build/verdict.json"),
    show_default=True,
    help="Where the verdict is written as JSON.",
)
@click.option("--explain", is_flag=True, help="Show how each comparison of answers was decided, with every number.")
@click.pass_obj
def command(
    session: Session,
    job: str | None,
    from_file: Path | None,
    champion_file: Path | None,
    out: Path,
    explain: bool,
) -> None:
    """Judge a finished run by the rules of params.yaml. Exit 4 is a refusal."""
    session.read_params()
    if job and from_file:
        raise click.UsageError("--job and --from-file exclude each other")
    if champion_file and not from_file:
        raise click.UsageError("--champion-file needs --from-file; without it the workspace says who is champion")
    from mlops.views import gate as plain
    from mlops.views.gate import Explained

    view: View[GateResult] = Explained() if explain else plain
    if from_file:
        from mlops.flow.evaluation import file_gate

        session.answer(
            lambda context: file_gate.run(context.params, context.trigger, from_file, champion=champion_file, out=out),
            view,
        )
        return
    from mlops.flow.evaluation import gate

    session.answer(lambda context: gate.run(context, job=job, out=out), view)
