"""The model that is to be promoted: found by name, or as the one for the current parameters and data.

It must not judge it; the pre-flight does.
"""

from mlops.azure import endpoints, models, sharing
from mlops.domain.promote import planner
from mlops.domain.tags import MODEL_TAG, OWNER_TAG
from mlops.errors import BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.params import Environment


def deployment(model: models.Registered) -> str:
    """The name of its deployment, the same whenever it is asked."""
    return planner.deployment_name(model.name, model.version)


def spec(context: Context, settings: Environment, model: models.Registered, name: str) -> endpoints.DeploymentSpec:
    """What is deployed for it, as the parameters of its environment say."""
    serving = context.params.serving
    return endpoints.DeploymentSpec(
        name=name,
        model_id=model.id,
        instance_type=settings.instance_type,
        instance_count=settings.instance_count,
        request_timeout_ms=serving.request_timeout_ms,
        max_concurrent_requests_per_instance=serving.max_concurrent_requests_per_instance,
        liveness_initial_delay_seconds=serving.liveness_initial_delay_seconds,
        readiness_initial_delay_seconds=serving.readiness_initial_delay_seconds,
        tags={OWNER_TAG: context.owner, MODEL_TAG: model.label},
    )


def registered(context: Context, label: str | None, registry: str | None = None) -> models.Registered:
    """The model that was named, else the one that was registered for the current parameters and data.

    With `registry` it is looked for there. Raises BadInput.
    """
    if label is None:
        return _current(context, registry)
    name, _, version = label.partition(":")
    if not version:
        raise BadInput(Problem(f"{label!r} names no version", "--model", fix="write NAME:VERSION"))
    found = sharing.find(context.workspace, registry, name, version)
    if found is None and registry:
        fix = "promote it to the environment before, which shares it"
        raise BadInput(Problem(f"there is no model {label}", f"the registry {registry}", fix=fix))
    if found is None:
        known = ", ".join(model.label for model in models.versions(context.workspace, name)[:5]) or "none"
        raise BadInput(Problem(f"there is no model {label}", "the workspace", fix=f"registered are: {known}"))
    return found


def _current(context: Context, registry: str | None) -> models.Registered:
    if registry:
        why = f"this environment takes its models from the registry {registry}"
        raise BadInput(Problem("no model was named", "--model", why=why, fix="write NAME:VERSION"))
    mark, _ = observe.newest_attempt(context)
    found = observe.registered(context, mark)
    if found is None:
        raise BadInput(Problem(f"no model is registered for fingerprint {mark}", "the workspace", fix="mlops register"))
    return found
