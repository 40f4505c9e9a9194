"""Who lets a model into an environment: reviewers on GitHub, whoever starts a promotion by hand, or nobody."""

from collections.abc import Callable

from mlops.azure.workspace import Workspace
from mlops.domain.promote.spec import RolloutSpec
from mlops.errors import BadInput, GithubRefused
from mlops.flow.own_endpoint import own_endpoint
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteOutcome, PromoteResult
from mlops.flow.promote.rollout_log import endpoint_status
from mlops.github_api import GitHub

NOBODY = "nobody is asked before a model goes to {} (environments.*.approval: none)"


def waits(approval: str, consent: Consent) -> bool:
    """Whether a promotion that nobody asked for is left to a person."""
    return approval == "command" and not consent.by_hand


def approved_by(connect: Callable[[], GitHub], environment: str, say: Callable[[str], None]) -> str:
    """Who approved the environment in this run on GitHub, with commas between them.

    What cannot be read is told, and stops nothing: the approval was given, and GitHub keeps it, too.
    """
    try:
        return ",".join(connect().approvers(environment))
    except (BadInput, GithubRefused) as error:
        say(f"{environment}: who approved this is not known: {error.problems[0]}")
        return ""


def waiting(workspace: Workspace, spec: RolloutSpec, model: str, by: str) -> PromoteResult:
    """The result of a promotion that waits: nothing was changed, and what a person has to start."""
    facts = own_endpoint(workspace, spec.endpoint, spec.owner, spec.environment)
    why = f"{model} waits for a person: start the workflow promote with it and {spec.environment} (approval: command)"
    endpoint = endpoint_status(workspace, facts, spec.endpoint)
    return PromoteResult(
        environment=spec.environment,
        outcome=PromoteOutcome.WAITS,
        why=why,
        model=model,
        by=by,
        reason="",
        endpoint=endpoint,
        steps=(),
        comparison=None,
        smoke_test=None,
        canary=(),
        log="",
        cause=None,
        passed={},
        next_environments=(),
    )
