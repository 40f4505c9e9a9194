"""`mlops ask`: one held-out question to a live endpoint, its answer beside the true one."""

from mlops.azure import scoring, sharing
from mlops.errors import BadInput, Problem, RemoteFailed
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoint
from mlops.flow.promote.invoke import held_out
from mlops.flow.promote.result import AskResult
from mlops.flow.promote.rollout_spec import rollout_spec


def run(context: Context, environment: str, *, index: int) -> Outcome[AskResult]:
    """Ask the endpoint of an environment, through its ordinary traffic."""
    spec, workspace = rollout_spec(context, environment), context.workspace
    facts = own_endpoint(workspace, spec.endpoint, spec.owner, environment)
    live = facts.live_model
    if not live:
        raise BadInput(
            Problem(f"{environment} has no model with all traffic", "the workspace", fix=f"mlops promote {environment}")
        )
    name, _, version = live.partition(":")
    model = sharing.find(workspace, spec.registry, name, version)
    if model is None:
        raise BadInput(Problem(f"the live model {live} is no longer registered", "the workspace"))
    asked = held_out(workspace, model, index + 1, spec.registry)[index]
    answer = scoring.ScoringClient(workspace, spec.endpoint).invoke(asked.messages, spec.invocation)
    if failure := scoring.not_the_models(answer, spec.endpoint):
        raise failure
    if answer.text is None:
        fix = "look at the deployment's log in the studio"
        raise RemoteFailed(Problem(f"{spec.endpoint} gave no answer", why=answer.failure, fix=fix))
    said = asked.messages[-1]["content"]
    return Outcome(AskResult(environment, spec.endpoint, live, answer.seconds, said, answer.text, asked.ground_truth))
