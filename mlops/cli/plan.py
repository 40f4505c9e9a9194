"""`mlops plan`."""

import click

from mlops.cli.session import Session


@click.command()
@click.option("--offline", is_flag=True, help="Check parameters and curated data without any cloud.")
@click.option("--force/--no-force", default=False, help="Plan to train again what was trained.")
@click.pass_obj
def command(session: Session, offline: bool, force: bool) -> None:
    """Show what this commit needs, and why. Changes nothing."""
    from mlops.flow import plan

    session.run(plan.run_offline if offline else lambda context: plan.run(context, force=force))
