"""`mlops cleanup`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Mark what nobody uses; later delete it.")
@click.option("--apply/--dry-run", default=False, help="Mark and delete, or only look (the default).")
@click.pass_obj
def command(session: Session, apply: bool) -> None:
    """Find endpoints that nobody uses: mark them, and on a later run delete what is still unused."""
    session.read_params()
    from mlops.flow.cleanup import cleanup
    from mlops.views import cleanup as view

    session.answer(lambda context: cleanup.run(context, apply_plan=apply), view)
