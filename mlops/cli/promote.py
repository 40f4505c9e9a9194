"""`mlops promote`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Give a model the traffic of an environment, in steps.")
@click.argument("environment")
@click.option(
    "--model", metavar="NAME:VERSION", help="The model; the default is the one for the current parameters and data."
)
@click.option("--allow-older", is_flag=True, help="Promote a version below the live one.")
@click.option("--take-over", is_flag=True, help="End the lease of another run, which is known to have died.")
@click.pass_obj
def command(session: Session, environment: str, model: str | None, *, allow_older: bool, take_over: bool) -> None:
    """Give a registered model the traffic of ENVIRONMENT, step by step, or roll back."""
    from mlops.flow.promote import promote
    from mlops.views import promote as view

    session.answer(
        lambda context: promote.run(
            context, environment, model=model or None, allow_older=allow_older, take_over=take_over
        ),
        view,
    )
