"""The model that is to be promoted: found by name, or as the one for the current parameters and data."""

from mlops.azure import models, sharing
from mlops.domain.asset_ids import parse_model
from mlops.domain.environments.workspace_name import WorkspaceName
from mlops.domain.promote import planner
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.training.spec import LATEST
from mlops.errors import BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.flow.training import training_spec


def deployment(model: models.Registered) -> str:
    """The name of its deployment, the same whenever it is asked."""
    return planner.deployment_name(model.name, model.version)


def registered(context: Context, label: str | None, spec: RolloutSpec) -> models.Registered:
    """The model that was named, else the one that was registered for the current parameters and data.

    It is that of the registry from which the environment has its models, else of the workspace. Raises BadInput.
    """
    registry = spec.registry
    if label is None:
        label = _current(context, spec)
    name, version = parse_model(label)
    if version == LATEST and not registry:
        version = next((model.version for model in models.versions(context.workspace, name)), "")
    if not version or version == LATEST:
        raise BadInput(Problem(f"{label!r} names no version", "--model", fix="write NAME:VERSION"))
    found = sharing.find(context.workspace, registry, name, version)
    if found is None and registry:
        fix = "promote it to the environment before, which shares it"
        raise BadInput(Problem(f"there is no model {label}", f"the registry {registry}", fix=fix))
    if found is None:
        known = ", ".join(model.label for model in models.versions(context.workspace, name)[:5]) or "none"
        raise BadInput(Problem(f"there is no model {label}", "the workspace", fix=f"registered are: {known}"))
    return found


def _current(context: Context, spec: RolloutSpec) -> str:
    if spec.registry and spec.place == WorkspaceName():
        why = f"this environment takes its models from the registry {spec.registry}"
        raise BadInput(Problem("no model was named", "--model", why=why, fix="write NAME:VERSION"))
    mark, _ = observe.newest_attempt(context.workspace, context.project, training_spec.of(context))
    found = observe.registered(context.workspace, context.params.model.name, mark)
    if found is None:
        raise BadInput(Problem(f"no model is registered for fingerprint {mark}", "the workspace", fix="mlops register"))
    return found.label
