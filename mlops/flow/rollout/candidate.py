"""The model that is to be promoted: found by name, or as the one for the current parameters and data.

It must not judge it; the pre-flight does.
"""

from mlops.azure import models
from mlops.domain import stage
from mlops.errors import BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context


def deployment(model: models.Registered) -> str:
    """The name of its deployment, the same whenever it is asked."""
    return stage.deployment_name(model.name, model.version)


def registered(context: Context, label: str | None) -> models.Registered:
    """The model that was named, else the one that was registered for the current parameters and data."""
    if label is None:
        mark, _ = observe.newest_attempt(context)
        found = observe.registered(context, mark)
        if found is None:
            raise BadInput(
                Problem(f"no model is registered for fingerprint {mark}", "the workspace", fix="mlops register")
            )
        return found
    name, _, version = label.partition(":")
    if not version:
        raise BadInput(Problem(f"{label!r} names no version", "--model", fix="write NAME:VERSION"))
    found = models.find(context.workspace, name, version)
    if found is None:
        known = ", ".join(model.label for model in models.versions(context.workspace, name)[:5]) or "none"
        raise BadInput(Problem(f"there is no model {label}", "the workspace", fix=f"registered are: {known}"))
    return found
