"""`mlops plan`."""

import click

from mlops.cli.session import Session


@click.command()
@click.option("--offline", is_flag=True, help="Check parameters and curated data without any cloud.")
@click.option("--base", default="", metavar="COMMIT", help="With --offline: also what differs from this commit.")
@click.option("--force/--no-force", default=False, help="Plan to train again what was trained.")
@click.pass_obj
def command(session: Session, offline: bool, base: str, force: bool) -> None:
    """Show what this commit needs, and why. Changes nothing."""
    session.read_params()
    if base and not offline:
        raise click.UsageError("--base needs --offline; with a workspace the plan compares with what it holds")
    if offline:
        from mlops.flow.release import offline_plan
        from mlops.views.offline_plan import Offline

        session.answer(lambda context: offline_plan.run(context.project, base=base), Offline)
    else:
        from mlops.flow.release import plan
        from mlops.views import plan as view

        session.answer(lambda context: plan.run(context, force=force), view)
