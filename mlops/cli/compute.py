"""`mlops compute`."""

import click

from mlops.cli.session import Session


@click.command()
@click.pass_obj
def command(session: Session) -> None:
    """Check base model, VM size and cluster; make the cluster when there is none."""
    from mlops.flow import compute

    session.run(compute.run)
