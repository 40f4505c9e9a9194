"""`mlops register`."""

import click

from mlops.cli.session import Session


@click.command()
@click.option("--job", help="The job; the default is the newest for the current parameters and data.")
@click.pass_obj
def command(session: Session, job: str | None) -> None:
    """Register the model of a run that passes the gate, once, with its lineage."""
    from mlops.flow import register

    session.run(lambda context: register.run(context, job=job))
