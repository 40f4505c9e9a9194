"""What a promotion that failed is told as: the model is bad, or something else is to blame."""

from mlops.azure.failures import Denied
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.serving.causes import KnownError
from mlops.errors import MlopsError, Problem, RemoteFailed
from mlops.flow.promote import interrupted


def failure(environment: str, model: str, why: str, known: KnownError | None, *, had_live: bool) -> RemoteFailed:
    """Of a candidate that was taken back: why, and what to do where the cause is known."""
    fix = known.fix if known else "look at the steps and the log above; then fix data, model or params.yaml"
    meaning = f"{why}; that means: {known.meaning}" if known else why
    kept = "traffic is where it was" if had_live else "nothing is live on it"
    if known is None or known.cause.blames_model:
        return RemoteFailed(Problem(f"{environment} was rolled back; {kept}", why=meaning, fix=fix))
    what = f"{environment} did not get {model}, which is not to blame ({known.cause}); {kept}"
    return RemoteFailed(Problem(what, why=meaning, fix=fix))


def autoscale_failed(error: MlopsError, environment: str, facts: EndpointFacts) -> MlopsError:
    """Of a promotion that went well but for its autoscale setting."""
    left = f"{environment} is promoted, without its autoscale: {interrupted.stands(facts, facts.name)}"
    needs = "the action Microsoft.Insights/autoscaleSettings/write on the resource group (docs/azure-setup.md)"
    fix = f"give this identity {needs}, then `mlops promote {environment}` sets it"
    return type(error)([*error.problems, Problem(left, fix=fix, key=f"environments.{environment}.autoscale")])


def not_from_here(error: Denied, environment: str, model: str, facts: EndpointFacts) -> Denied:
    """Of a candidate that this machine may not ask: it is kept, and how the endpoint is left."""
    left = f"{environment} is left as it is: {interrupted.stands(facts, facts.name)}"
    fix = f"when the endpoint can be asked, `mlops promote {environment} --model {model}` goes on from there"
    return Denied([*error.problems, Problem(left, why="the model was not judged", fix=fix)])
