"""Fine-tuning parameters: merged by a stated precedence and checked against the component's own interface.

What the user wrote wins over the base model's defaults, which win over the component's. The SDK checks none of this:
values travel as strings and a bad one fails hours later on a rented GPU. It must not call a service.
"""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mlops.errors import BadInput, Problem

Origin = Literal["params.yaml", "base model", "component", "compute check"]
WHERE = "params.yaml"


@dataclass(frozen=True)
class Input:
    """One input of a component as its interface states it."""

    name: str
    type: str  # string, integer, number, boolean, or an asset type such as uri_file
    optional: bool = True
    default: str | None = None
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @property
    def literal(self) -> bool:
        """Whether it takes a value rather than an asset."""
        return self.type in ("string", "integer", "number", "boolean")


@dataclass(frozen=True)
class Component:
    """A pipeline component of a registry."""

    name: str
    version: str
    id: str
    inputs: Mapping[str, Input]
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Value:
    """A value as it is sent, and where it comes from."""

    text: str
    origin: Origin


@dataclass(frozen=True)
class Resolved:
    """What a run is given, and what was noticed on the way."""

    values: Mapping[str, Value]
    ignored: Mapping[str, str] = field(default_factory=dict)  # the model's defaults that this component does not take
    warnings: tuple[Problem, ...] = ()

    def literals(self) -> dict[str, str]:
        """Name -> text of every value that is sent."""
        return {name: value.text for name, value in sorted(self.values.items())}


def resolve(
    component: Component, user: Mapping[str, Any], model_defaults: Mapping[str, str], checked: Mapping[str, Any]
) -> Resolved:
    """Merge and check. `checked` are values found out by us (GPUs per node). Raises BadInput with every problem."""
    values: dict[str, Value] = {}
    ignored: dict[str, str] = {}
    problems: list[Problem] = []
    layers: list[tuple[Origin, Mapping[str, Any]]] = [
        ("base model", model_defaults),
        ("params.yaml", user),
        ("compute check", checked),
    ]
    for origin, given in layers:
        for name, raw in given.items():
            spec = component.inputs.get(name)
            if spec is None and origin != "params.yaml":
                ignored[name] = str(raw)
                continue
            found = _unknown(component, name) if spec is None else _check(spec, raw)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                values[name] = Value(found, origin)
    problems += _missing(component, values)
    if problems:
        raise BadInput(problems)
    return Resolved(values, ignored, tuple(_bounds(values, model_defaults)))


def canonical(spec: Input, raw: Any) -> str:
    """The one text for a value, so that 5e-6, "5e-6" and 0.000005 are the same run. Raises ValueError."""
    text = str(raw).strip()
    if spec.type == "integer":
        number = float(text)
        if not number.is_integer():
            raise ValueError("must be a whole number")
        return str(int(number))
    if spec.type == "number":
        number = float(text)
        if not math.isfinite(number):
            raise ValueError("must be a finite number")
        return repr(number)
    if spec.type == "boolean" or set(spec.enum) == {"true", "false"}:
        if text.lower() not in ("true", "false"):
            raise ValueError('must be "true" or "false"')
        return text.lower()
    return text


def _check(spec: Input, raw: Any) -> str | Problem:
    where = f"training.parameters.{spec.name}"
    if not spec.literal:
        return Problem(
            f"{where} is an asset ({spec.type}), set by the pipeline and not by hand", WHERE, fix="remove it"
        )
    try:
        text = canonical(spec, raw)
    except ValueError as error:
        return Problem(f"{where}: {error}", WHERE, why=f"the component declares it as {spec.type}; it is {raw!r}")
    if spec.enum and text not in spec.enum:
        return Problem(f"{where}: {raw!r} is not allowed", WHERE, fix=f"use one of: {', '.join(spec.enum)}")
    if spec.type in ("integer", "number"):
        number = float(text)
        if spec.minimum is not None and number < spec.minimum:
            return Problem(f"{where}: {text} is below the least allowed {spec.minimum:g}", WHERE)
        if spec.maximum is not None and number > spec.maximum:
            return Problem(f"{where}: {text} is above the largest allowed {spec.maximum:g}", WHERE)
        if spec.name == "learning_rate" and number <= 0:
            return Problem(
                f"{where}: must be above 0",
                WHERE,
                why="the fine-tuning program refuses it after the machine was started",
            )
    return text


def _unknown(component: Component, name: str) -> Problem:
    near = difflib.get_close_matches(name, [n for n, spec in component.inputs.items() if spec.literal], n=1)
    fix = f"perhaps you meant {near[0]}" if near else "remove it, or choose a component version that takes it"
    what = f"training.parameters.{name} is not an input of {component.name} {component.version}"
    return Problem(what, WHERE, why="inputs differ between versions of the component", fix=fix)


def _missing(component: Component, values: Mapping[str, Value]) -> list[Problem]:
    return [
        Problem(
            f"training.parameters.{spec.name} is required by {component.name} {component.version}", WHERE, fix="add it"
        )
        for spec in component.inputs.values()
        if spec.literal and not spec.optional and spec.default is None and spec.name not in values
    ]


def _bounds(values: Mapping[str, Value], model_defaults: Mapping[str, str]) -> list[Problem]:
    """Warn by `x_min` and `x_max` among the model's defaults: they are no inputs but bounds of the portal's form."""
    warnings = []
    for name, value in values.items():
        for suffix, beyond in (("_min", float.__lt__), ("_max", float.__gt__)):
            bound = model_defaults.get(name + suffix)
            if bound is not None and beyond(float(value.text), float(bound)):
                side = "below" if suffix == "_min" else "above"
                what = f"training.parameters.{name} {value.text} is {side} {bound}, the base model's own bound"
                warnings.append(
                    Problem(
                        what, WHERE, why="training may diverge" if side == "above" else "training may learn nothing"
                    )
                )
    return warnings
