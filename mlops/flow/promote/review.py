"""What a reviewer decides from: what changes, by which verdict, measured how, and what the next environment serves."""

from collections.abc import Sequence

from mlops.azure import endpoints, models, sharing
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation import evidence
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.serving import scale
from mlops.domain.serving.pending import pending
from mlops.domain.tags import BASE_MODEL_TAG, COMMIT_TAG, DATA_TAG, FINGERPRINT_TAG, JOB_TAG, VERDICT_TAG
from mlops.errors import MlopsError
from mlops.flow.own_endpoint import own_endpoint
from mlops.flow.promote.result import AddedCapacity, Capacity, ModelComparison, ModelSummary, NextEnvironment


def compare(
    workspace: Workspace, spec: RolloutSpec, before: EndpointFacts, now: EndpointFacts, new: models.Registered
) -> ModelComparison:
    """The model that was live beside the new one, and what the new one costs in machines: what runs, not what is said.

    `before` and `now` are the endpoint as it was at first and as it is.
    """
    deployed = before.find(max(before.live, key=before.share, default=None))
    made = now.live_deployment
    count = made.instance_count if made and made != deployed else scale.candidate_count(deployed, spec.instance_count)
    hours = None if spec.retention is None else spec.retention.total_seconds() / 3600
    return ModelComparison(
        deployed.model if deployed else "",
        find(workspace, deployed.model, spec.registry) if deployed else None,
        _summary(new),
        pending(before, spec),
        AddedCapacity(
            Capacity(spec.instance_type, count),
            Capacity(deployed.instance_type, deployed.instance_count) if deployed else None,
            hours,
        ),
    )


def find(workspace: Workspace, label: str, registry: str | None) -> ModelSummary | None:
    """A registered model; None where it cannot be read, for a summary may lack a column and the promotion goes on."""
    name, _, version = label.partition(":")
    try:
        found = sharing.find(workspace, registry, name, version) if version else None
    except MlopsError:
        return None
    return _summary(found) if found else None


def next_environments(home: Workspace, later: Sequence[RolloutSpec]) -> tuple[NextEnvironment, ...]:
    """What approving the next environments would do; none after the last one."""
    return tuple(_next(home, spec) for spec in later)


def _next(home: Workspace, spec: RolloutSpec) -> NextEnvironment:
    live: str | None
    try:
        facts = own_endpoint(home.at(spec.place), spec.endpoint, spec.owner, spec.environment, endpoints.glimpsed)
        live = facts.live_model or ""
    except MlopsError:  # it may be another workspace, which this sign-in does not see
        live = None
    return NextEnvironment(spec.environment, spec.traffic_steps, spec.bake_seconds, live)


def _summary(model: models.Registered) -> ModelSummary:
    tags = model.tags
    return ModelSummary(
        model.label,
        tags.get(BASE_MODEL_TAG, ""),
        tags.get(DATA_TAG, ""),
        tags.get(FINGERPRINT_TAG, ""),
        tags.get(JOB_TAG, ""),
        tags.get(COMMIT_TAG, ""),
        tags.get(VERDICT_TAG, ""),
        evidence.metrics_of(tags),
    )
