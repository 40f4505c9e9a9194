"""Looks up what a run is judged by: its metrics, those of its steps, and the champion. It must not judge by itself."""

from collections.abc import Collection, Sequence

from mlops.azure import aliases, at_once, endpoints, jobs, models, run_tree
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation.evidence import (
    Champion,
    Evidence,
    KeptWeights,
    kept_weights,
    metrics_of,
    says_other_weights,
)
from mlops.domain.evaluation.spec import ChampionPlace
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.domain.registry.aliases import Aliases
from mlops.domain.tags import COMMIT_TAG, DATA_TAG, JOB_TAG, RUN_TAG
from mlops.domain.training.run import JobState
from mlops.errors import BadInput, Problem, RemoteFailed, Unfinished
from mlops.flow.own_endpoint import own_endpoint

KEPT_BY = "eval_loss"  # what the component chooses the best weights by


RunMetrics = tuple[dict[str, float], KeptWeights | None]


def of_run(workspace: Workspace, job: str, read: RunMetrics, champion: Champion | None) -> Evidence:
    """The evidence of a run and of the champion without their answers, of what was read of the run's metrics."""
    found = jobs.find(workspace, job)
    stated = found.tags if found else {}
    metrics, kept = read
    return Evidence(
        metrics=metrics,
        kept=kept,
        champion=champion,
        job=job,
        data=stated.get(DATA_TAG, ""),
        commit=stated.get(COMMIT_TAG, ""),
        run_url=stated.get(RUN_TAG, ""),
        outputs=found.outputs if found else (),
    )


def metrics_of_run(workspace: Workspace, job: str, enough: Collection[str] = ()) -> RunMetrics:
    """The metrics of the weights that a run kept, as they stand now. They may still be on their way.

    The component loads its best weights at the end, and says their loss in a property of the run (azureml-acft).
    `enough`: metrics besides which others may be missing.
    """
    found, stated = jobs.all_metrics(workspace, job, enough), run_tree.properties(workspace, job)
    score = str(stated.get("score") or "")
    if not says_other_weights(found, score, KEPT_BY):
        return found, None
    history = jobs.histories(workspace, job, (KEPT_BY,))
    workspace.remember(("history", job), history)
    return kept_weights(found, score, history[KEPT_BY], KEPT_BY)


def histories(workspace: Workspace, job: str, metrics: Sequence[str]) -> dict[str, list[tuple[int, float]]]:
    """Step and value of each point, in order; what the run was just judged by is as it was then."""
    known = workspace.known(("history", job)) or {}
    return {**jobs.histories(workspace, job, [name for name in metrics if name not in known]), **known}


def require_completed(workspace: Workspace, name: str) -> jobs.Job:
    """The job. Raises BadInput when it does not exist, Unfinished while it runs, RemoteFailed when it ended badly."""
    found, _ = at_once.both(lambda: jobs.find(workspace, name), lambda: workspace.location)  # where all is read next
    if found is None:
        raise BadInput(Problem(f"there is no job {name}", "the workspace", fix="run `mlops submit`"))
    if found.state is JobState.COMPLETED:
        return found
    what = f"{name} is {found.state}; only a completed run can be judged"
    if not found.state.ended:
        raise Unfinished(Problem(what, "the workspace", fix=f"mlops watch --job {name}"))
    raise RemoteFailed(Problem(what, "the workspace", fix="`mlops submit` starts a new attempt"))


def champion(workspace: Workspace, place: ChampionPlace, seen: EndpointFacts | None = None) -> Champion | None:
    """The model that serves the last environment of this workspace; None when there never was one.

    Traffic says who it is, and in the middle of a canary the larger share. Where the endpoint is gone, the alias says.
    A champion that cannot be read has no metrics, so that what is compared with it refuses. `seen` is its endpoint,
    where that was observed already.
    """
    label = _champions_label(workspace, place, seen)
    if label is None:
        return None
    name, _, version = label.partition(":")
    model = models.find(workspace, name, version)
    if model is None:
        return Champion(label, place.environment)
    made_by = model.tags.get(JOB_TAG) or model.job
    return Champion(label, place.environment, metrics_of(model.tags), model.tags.get(DATA_TAG, ""), made_by)


def _champions_label(workspace: Workspace, place: ChampionPlace, seen: EndpointFacts | None) -> str | None:
    """The same as name:version.

    Three different things say that there is none where nothing was ever registered: the endpoint is not found, the
    model is not found, and no version of it is listed. Where one is, the endpoint's absence takes a second look.
    """
    where = workspace.at(place.place)
    facts = seen or own_endpoint(where, place.endpoint, place.model, place.environment, endpoints.first_look)
    if label := _serving(facts):
        return label
    if seen and not models.seen_versions(workspace, place.model):
        return None
    roles = aliases.find(workspace, place.model)
    if roles is None:
        return None
    if not seen and facts.state is EndpointState.ABSENT and endpoints.is_there(where, place.endpoint):
        facts = own_endpoint(where, place.endpoint, place.model, place.environment)
    return _serving(facts) or _by_alias(roles, place)


def _serving(facts: EndpointFacts) -> str | None:
    """The model with the largest share of an environment's traffic, as name:version."""
    shares = [(facts.traffic.get(item.name, 0), item.model) for item in facts.deployments]
    share, label = max(shares, key=lambda pair: pair[0], default=(0, ""))
    return label if share > 0 else None


def _by_alias(roles: Aliases, place: ChampionPlace) -> str | None:
    version = roles.of(place.environment).champion
    return f"{place.model}:{version}" if version else None
