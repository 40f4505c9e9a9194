"""`mlops submit`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Submit the fine-tuning pipeline, once for equal work.")
@click.option("--force/--no-force", default=False, help="Train again although this was trained.")
@click.option("--over-budget/--within-budget", default=False, help="Submit above budget.training; needs a reason.")
@click.option("--reason", metavar="WHY", default="", help="Kept on the job.")
@click.pass_obj
def command(session: Session, *, force: bool, over_budget: bool, reason: str) -> None:
    """Submit the fine-tuning pipeline, once for each combination of model, parameters and data."""
    session.read_params()
    from mlops.flow.training import submit
    from mlops.views import submit as view

    session.answer(lambda context: submit.run(context, force=force, over_budget=over_budget, reason=reason), view)
