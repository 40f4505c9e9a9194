"""`mlops check`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Check parameters, data and workflows of a change.")
@click.option("--base", default="", metavar="COMMIT", help="What to compare with, to say what is to be rehearsed.")
@click.pass_obj
def command(session: Session, base: str) -> None:
    """Check parameters, data and workflows of a change, without a cloud."""
    session.read_params()
    from mlops.flow.release import check
    from mlops.views import check as view

    session.answer(lambda context: check.run(context.project, base=base), view)
