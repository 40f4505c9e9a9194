"""`mlops promote`."""

import click

from mlops.cli.session import Session


@click.command(short_help="Give a model the traffic of an environment, in steps.")
@click.argument("environment")
@click.option(
    "--model", metavar="NAME:VERSION", help="The model; the default is the one for the current parameters and data."
)
@click.option("--commit", default="", metavar="SHA", help="The commit that asks for it; the default is its own.")
@click.option(
    "--allow-older/--no-allow-older", default=False, help="Promote a model that was asked for before the live one."
)
@click.option(
    "--take-over/--no-take-over",
    default=False,
    help="End the lease of a run that died; move an endpoint to this repository.",
)
@click.option(
    "--release-hold/--keep-hold",
    default=False,
    help="Promote one that was rolled back; needs a reason.",
)
@click.option("--accept-drift", is_flag=True, help="Go on from traffic that somebody else set.")
@click.option(
    "--skip-earlier/--no-skip-earlier",
    default=False,
    help="Promote one that did not pass the environment before; needs a reason.",
)
@click.option("--over-budget/--within-budget", default=False, help="Promote above budget.month; needs a reason.")
@click.option("--reason", metavar="WHY", default="", help="Kept on the endpoint and the model.")
@click.pass_obj
def command(
    session: Session,
    environment: str,
    model: str | None,
    commit: str,
    *,
    allow_older: bool,
    take_over: bool,
    release_hold: bool,
    accept_drift: bool,
    skip_earlier: bool,
    over_budget: bool,
    reason: str,
) -> None:
    """Give a registered model the traffic of ENVIRONMENT, step by step, or roll back."""
    session.read_params()
    from mlops.flow.promote import promote
    from mlops.flow.promote.consent import Consent
    from mlops.github_api import GitHub
    from mlops.params import REHEARSAL_VARIABLE
    from mlops.views import promote as view

    by_hand = session.actions.by_hand
    consent = Consent(reason, allow_older, take_over, release_hold, accept_drift, by_hand, skip_earlier, over_budget)
    on_github = session.actions.enabled and not session.environ.get(REHEARSAL_VARIABLE)
    github = (lambda: GitHub.from_environment(session.environ)) if on_github else None
    session.answer(
        lambda context: promote.run(
            context, environment, model=model or None, commit=commit, consent=consent, github=github
        ),
        view,
    )
