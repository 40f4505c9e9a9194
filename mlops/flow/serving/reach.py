"""Finds out whether this machine may ask an endpoint, before a deployment is paid for."""

from mlops import clock
from mlops.azure import scoring
from mlops.azure.failures import Transient
from mlops.domain.promote.spec import RolloutSpec
from mlops.errors import Unfinished
from mlops.flow import poll
from mlops.flow.promote.invoke import HeldOut

PAUSES = poll.Pauses(5.0)
WAIT_SECONDS = 120.0  # the name of an endpoint that was just made takes a while to be known


def check(client: scoring.ScoringClient, spec: RolloutSpec, asked: HeldOut, deployment: str) -> None:
    """Ask the same call as the smoke test will, of a deployment that is not there yet: the router answers 404.

    So no model is asked. Raises Denied where this identity or network is refused, Unfinished where the host cannot be
    reached.
    """

    def look() -> None:
        answer = client.invoke(asked.messages, spec.invocation, deployment)
        failure = scoring.not_the_models(answer, spec.endpoint)
        if failure and answer.status != 404:
            raise failure

    deadline = clock.monotonic() + WAIT_SECONDS
    try:
        poll.until(look, lambda _: True, PAUSES, deadline, unreachable=lambda _: None)
    except Transient as error:
        raise Unfinished(error.problems) from error
