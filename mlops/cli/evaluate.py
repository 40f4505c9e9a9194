"""`mlops evaluate`."""

import click

from mlops.cli.options import NAME
from mlops.cli.session import Session


@click.command(short_help="Let candidate and champion answer the same questions.")
@click.option("--job", type=NAME, help="The job; the default is the newest for the current parameters and data.")
@click.option("--wait-minutes", type=click.FloatRange(0), help="How long to look; the default is watch.wait_minutes.")
@click.option("--ok-if-unfinished", is_flag=True, help="Exit 0 and not 5 when the time is up.")
@click.pass_obj
def command(session: Session, job: str | None, wait_minutes: float | None, ok_if_unfinished: bool) -> None:
    """Let a trained model and the champion answer the same held-out conversations, each once.

    What was submitted goes on when the time is up; on Ctrl-C and in a canceled workflow as watch.on_interrupt says.
    """
    session.read_params()
    from mlops.flow.evaluation import evaluate
    from mlops.views import evaluate as view

    session.answer(
        lambda context: evaluate.run(context, job=job, wait_minutes=wait_minutes, ok_if_unfinished=ok_if_unfinished),
        view,
    )
