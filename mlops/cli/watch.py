"""`mlops watch`."""

import click

from mlops.cli.options import NAME
from mlops.cli.session import Session


@click.command()
@click.option("--job", type=NAME, help="The job; the default is the newest for the current parameters and data.")
@click.option("--wait-minutes", type=click.FloatRange(0), help="How long to look; the default is watch.wait_minutes.")
@click.option("--ok-if-unfinished", is_flag=True, help="Exit 0 and not 5 when the time is up.")
@click.pass_obj
def command(session: Session, job: str | None, wait_minutes: float | None, ok_if_unfinished: bool) -> None:
    """Look at a run until it ends or the time is up.

    The run goes on when the time is up; on Ctrl-C and in a canceled workflow as watch.on_interrupt says.
    """
    session.read_params()
    from mlops.flow.training import watch
    from mlops.views import watch as view

    session.answer(
        lambda context: watch.run(context, job=job, wait_minutes=wait_minutes, ok_if_unfinished=ok_if_unfinished),
        view,
    )
