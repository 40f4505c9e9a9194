"""Takes the steps of a promotion that make, scale or delete a deployment; `sure` as in `mlops.azure.endpoints`."""

from collections.abc import Callable

from mlops.azure import endpoints
from mlops.azure.deployments import DeploymentSpec
from mlops.azure.models import Registered
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.promote.steps import CreateDeployment, DeleteDeployment, Scale
from mlops.domain.serving.settings import fingerprint, to_tag
from mlops.domain.tags import MODEL_TAG, OWNER_TAG, SERVING_TAG
from mlops.flow.promote.rollout_log import RolloutLog


def create(
    workspace: Workspace,
    spec: RolloutSpec,
    model: Registered,
    step: CreateDeployment,
    facts: EndpointFacts,
    sure: Callable[[], object],
) -> None:
    """Make it, as the parameters of its environment say. Raises RemoteFailed when its container does not start."""
    tags = {OWNER_TAG: spec.owner, MODEL_TAG: model.label, **_tag(spec, step.stated_count)}
    made = DeploymentSpec(step.name, model.id, spec.instance_type, step.instance_count, spec.serving, tags)
    endpoints.deploy(workspace, facts, made, sure)


def scale(
    workspace: Workspace, spec: RolloutSpec, step: Scale, facts: EndpointFacts, sure: Callable[[], object]
) -> None:
    """Ask for another number of instances; what is live with other settings keeps their fingerprint."""
    endpoints.scale(workspace, facts, step.name, step.count, _tag(spec, step.stated), sure)


def delete(
    workspace: Workspace, step: DeleteDeployment, facts: EndpointFacts, log: RolloutLog, sure: Callable[[], object]
) -> None:
    """Delete it; of one that failed, the container's log is kept."""
    if step.failed:
        log.keep_container_log(workspace, step.name)
    endpoints.delete_idle(workspace, facts, step.name, sure)


def _tag(spec: RolloutSpec, stated_count: int) -> dict[str, str]:
    return {SERVING_TAG: to_tag(fingerprint(spec.settings), stated_count)}
