"""The interface of a component, as a registry, a workspace or a YAML file states it, and what a training needs of one.

It must not look anything up.
"""

from collections.abc import Mapping
from typing import Any

from mlops.domain.training.parameters import Component, ComponentInput
from mlops.errors import Problem

MODEL_INPUT, TRAIN_INPUT = "mlflow_model_path", "train_file_path"
ASSETS = (MODEL_INPUT, TRAIN_INPUT, "validation_file_path", "test_file_path")  # that a training hands to a component
MODEL_OUTPUT, MODEL_TYPE = "mlflow_model_folder", "mlflow_model"
KEY = "training.component"
DOCUMENT = "docs/own-component.md"


def of_spec(spec: Mapping[str, Any], version: str, id: str) -> Component:
    """The interface in a component's specification, whose numbers may be text."""
    inputs = {str(key): _input(str(key), item or {}) for key, item in (spec.get("inputs") or {}).items()}
    outputs = {str(key): str((item or {}).get("type") or "") for key, item in (spec.get("outputs") or {}).items()}
    return Component(str(spec["name"]), version, id, inputs, outputs)


def misfit(component: Component, where: str) -> list[Problem]:
    """Why a training cannot be done by a component: what it lacks, and what it asks for that nobody gives."""
    name = f"{component.name} {component.version}"
    found = [f"it has no input {one}" for one in (MODEL_INPUT, TRAIN_INPUT) if one not in component.inputs]
    if component.outputs.get(MODEL_OUTPUT, "") != MODEL_TYPE:
        found.append(f"it has no output {MODEL_OUTPUT} of the type {MODEL_TYPE}")
    found += [
        f"its input {one.name} is a {one.type} that nobody gives"
        for one in component.inputs.values()
        if not one.literal and not one.optional and one.name not in ASSETS
    ]
    fix = f"{DOCUMENT} says what a component of a team's own takes and gives"
    return [Problem(f"{name} cannot train: {why}", where, fix=fix, key=KEY) for why in found]


def _input(name: str, item: Mapping[str, Any]) -> ComponentInput:
    kind, default = str(item.get("type") or ""), item.get("default")
    return ComponentInput(
        name=name,
        type=kind,
        optional=str(item.get("optional")).lower() == "true",
        default=None if default is None else _normal(kind, default),
        enum=tuple(str(choice) for choice in (item.get("enum") or ())),
        minimum=_number(item.get("min")),
        maximum=_number(item.get("max")),
    )


def _normal(kind: str, value: Any) -> str:
    """A default in the one form that the SDK gives it: the registry has numbers as text, and 1e-8 is 1e-08."""
    match kind:
        case "integer":
            return str(int(value))
        case "number":
            return str(float(value))
        case "boolean":
            return str(str(value).lower() == "true")
        case _:
            return str(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
