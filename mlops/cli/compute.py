"""`mlops compute`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Check model, machines and quota; make the cluster.")
@click.option("--make/--check-only", default=True, help="Make the cluster when there is none, or only check.")
@click.pass_obj
def command(session: Session, make: bool) -> None:
    """Check base model, parameters, VM size, quota and cluster, and make the cluster when there is none."""
    session.read_params()
    from mlops.flow.training import compute
    from mlops.views import compute as view

    session.answer(lambda context: compute.run(context, make=make), view)
