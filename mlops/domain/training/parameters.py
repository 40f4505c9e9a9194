"""Fine-tuning parameters: merged by a stated precedence and checked against the component's own interface.

What the user wrote wins over the base model's defaults, which win over ours, which win over the component's. The SDK
checks none of this: values travel as strings and a bad one fails hours later on a rented GPU.
It must not call a service.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mlops.errors import BadInput, Problem

Origin = Literal["params.yaml", "base model", "our default", "component", "compute check"]
WHERE, KEY = "params.yaml", "training.parameters"
BOUNDS = ("_min", "_max")
PLACED = ("compute_", "instance_type_")  # where a step runs; training.compute and training.instance_type say that
SET_BY = {"number_of_gpu_to_use_finetuning": "training.instance_type", "num_nodes_finetune": "training.nodes"}
OURS: Mapping[str, Any] = {
    "evaluation_strategy": "epoch",  # without an evaluation there is no eval_loss, and the gate refuses
    "logging_strategy": "steps",
    "logging_steps": 10,
    "save_total_limit": 1,  # each checkpoint is as large as the model
    "seed": 42,
}


@dataclass(frozen=True)
class ComponentInput:
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
    """A component of a registry, of the workspace, or of a file."""

    name: str
    version: str
    id: str
    inputs: Mapping[str, ComponentInput]
    outputs: Mapping[str, str] = field(default_factory=dict)  # name -> type


@dataclass(frozen=True)
class Value:
    """A value as it is sent, where it comes from, and what it won over, nearest first."""

    text: str
    origin: Origin
    over: tuple[tuple[Origin, str], ...] = ()

    def overrides(self) -> str:
        """What it won over, for people; empty when nothing else was said, or the same."""
        return ", ".join(f"{origin}: {text}" for origin, text in self.over if text != self.text)


@dataclass(frozen=True)
class Resolved:
    """What a run is given, and what was noticed on the way."""

    values: Mapping[str, Value]
    ignored: Mapping[str, str] = field(default_factory=dict)  # the model's defaults that this component does not take
    warnings: tuple[Problem, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)  # the component's own, which are not sent

    def literals(self) -> dict[str, str]:
        """Name -> text of every value that is sent."""
        return {name: value.text for name, value in sorted(self.values.items())}

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Parameter, value, where it comes from, what it won over."""
        return [(name, value.text, value.origin, value.overrides()) for name, value in sorted(self.values.items())]


def resolve(
    component: Component,
    user: Mapping[str, Any],
    model_defaults: Mapping[str, str],
    checked: Mapping[str, Any],
    *,
    ours: Mapping[str, Any] = OURS,
    others: Sequence[Component] = (),
) -> Resolved:
    """Merge and check. Raises BadInput with every problem of what the user wrote.

    `checked` are values found out by us (GPUs per node). `others` are further versions of the component, by which a
    parameter that this one lacks is explained.
    """
    bounds = {name: raw for name, raw in {**model_defaults, **user}.items() if _is_bound(component, name)}
    values: dict[str, Value] = {}
    ignored = {name: str(raw) for name, raw in model_defaults.items() if name not in component.inputs}
    problems: list[Problem] = []
    warnings: list[Problem] = []
    layers: tuple[tuple[Origin, Mapping[str, Any]], ...] = (
        ("our default", ours),
        ("base model", model_defaults),
        ("params.yaml", {name: raw for name, raw in user.items() if name not in bounds}),
        ("compute check", checked),
    )
    for origin, given in layers:
        for name, raw in given.items():
            spec = component.inputs.get(name)
            if spec is None and origin != "params.yaml":
                continue
            found = _unknown(component, name, others) if spec is None else _check(spec, raw, checked, origin, others)
            if isinstance(found, str):
                values[name] = _over(values.get(name), found, origin)
            elif origin == "params.yaml":
                problems.append(found)
            elif name not in user:  # nobody here wrote it, so it is left out and told
                ignored[name] = str(raw)
                warnings.append(Problem(f"left out ({origin}): {found.what}", why=found.why))
    problems += _missing(component, values)
    if problems:
        raise BadInput(problems)
    defaults = {
        name: spec.default
        for name, spec in component.inputs.items()
        if spec.literal and spec.default is not None and name not in values and not name.startswith(PLACED)
    }
    return Resolved(values, ignored, (*warnings, *_beyond(values, bounds)), defaults)


def misfits(component: Component, user: Mapping[str, Any]) -> list[str]:
    """What the user wrote that another version of the component may take: unknown names, and values not in a list."""
    found = []
    for name, raw in user.items():
        spec = component.inputs.get(name)
        if (spec is None and not _is_bound(component, name)) or (spec and spec.enum and _text(raw) not in spec.enum):
            found.append(name)
    return found


def difference(one: Component, other: Component) -> str:
    """What changed between two versions of a component; empty when their literal inputs are alike."""
    here, there = ({n: s for n, s in c.inputs.items() if s.literal} for c in (one, other))
    parts = [f"{sign} {', '.join(sorted(names))}" for sign, names in (("+", there.keys() - here.keys()),
             ("-", here.keys() - there.keys())) if names]  # fmt: skip
    changed = sorted(name for name in here.keys() & there.keys() if here[name] != there[name])
    if changed:
        parts.append(f"other values of {', '.join(changed)}")
    return f"from {one.version} to {other.version}: {'; '.join(parts)}" if parts else ""


def canonical(spec: ComponentInput, raw: Any) -> str:
    """The one text for a value, so that 5e-6, "5e-6" and 0.000005 are the same run. Raises ValueError."""
    text = _text(raw)
    if spec.type in ("integer", "number"):
        try:
            number = float(text)
        except ValueError:
            raise ValueError("must be a number") from None
        if spec.type == "integer":
            if not number.is_integer():
                raise ValueError("must be a whole number")
            return str(int(number))
        if not math.isfinite(number):
            raise ValueError("must be a finite number")
        return repr(number)
    if spec.type == "boolean" or set(spec.enum) == {"true", "false"}:
        if text.lower() not in ("true", "false"):
            raise ValueError('must be "true" or "false"')
        return text.lower()
    if spec.enum and text not in spec.enum:  # 16.0 is "16"
        try:
            return next((choice for choice in spec.enum if float(choice) == float(text)), text)
        except ValueError:
            return text
    return text


def _text(raw: Any) -> str:
    return str(raw).lower() if isinstance(raw, bool) else str(raw).strip()


def _over(before: Value | None, text: str, origin: Origin) -> Value:
    return Value(text, origin, ((before.origin, before.text), *before.over) if before else ())


def _check(
    spec: ComponentInput, raw: Any, checked: Mapping[str, Any], origin: Origin, others: Sequence[Component]
) -> str | Problem:
    where = f"{KEY}.{spec.name}"
    if not spec.literal:
        what = f"{where} is an asset ({spec.type}), set by the pipeline and not by hand"
        return Problem(what, WHERE, fix="remove it", key=where)
    if spec.name.startswith(PLACED):
        instead = "training.compute" if spec.name.startswith("compute_") else "training.instance_type"
        return Problem(f"{where} says where a step runs", WHERE, fix=f"remove it, and set {instead}", key=where)
    try:
        text = canonical(spec, raw)
    except ValueError as error:
        why = f"the component declares it as {spec.type}; it is {raw!r}"
        return Problem(f"{where}: {error}", WHERE, why=why, key=where)
    if origin == "params.yaml" and spec.name in checked and text != str(checked[spec.name]):
        what = f"{where} is {text}, but {SET_BY.get(spec.name, 'the compute check')} makes it {checked[spec.name]}"
        return Problem(what, WHERE, fix="remove it", key=where)
    if spec.enum and text not in spec.enum:
        taking = [c.version for c in others if spec.name in c.inputs and text in c.inputs[spec.name].enum]
        why = f"versions of the component that take it: {', '.join(taking)}" if taking else ""
        fix = f"use one of: {', '.join(spec.enum)}"
        return Problem(f"{where}: {raw!r} is not allowed", WHERE, why=why, fix=fix, key=where)
    return _in_range(spec, text) or text


def _in_range(spec: ComponentInput, text: str) -> Problem | None:
    if spec.type not in ("integer", "number"):
        return None
    where, number = f"{KEY}.{spec.name}", float(text)
    if spec.minimum is not None and number < spec.minimum:
        return Problem(f"{where}: {text} is below the least allowed {spec.minimum:g}", WHERE, key=where)
    if spec.maximum is not None and number > spec.maximum:
        return Problem(f"{where}: {text} is above the largest allowed {spec.maximum:g}", WHERE, key=where)
    if spec.name == "learning_rate" and number <= 0:
        why = "the fine-tuning program refuses it after the machine was started"
        return Problem(f"{where}: must be above 0", WHERE, why=why, key=where)
    return None


def _unknown(component: Component, name: str, others: Sequence[Component]) -> Problem:
    key = f"{KEY}.{name}"
    what = f"{key} is not an input of {component.name} {component.version}"
    taking = [other for other in others if name in other.inputs]
    if taking:
        versions = ", ".join(other.version for other in taking)
        why = f"versions that take it: {versions}; {difference(component, taking[0])}"
        fix = f'remove it, or set training.component_version to "{taking[0].version}"'
        return Problem(what, WHERE, why=why, fix=fix, key=key)
    import difflib

    near = difflib.get_close_matches(name, [n for n, spec in component.inputs.items() if spec.literal], n=1)
    fix = f"perhaps you meant {near[0]}" if near else "remove it"
    known = f"nor of {', '.join(other.version for other in others)}" if others else "inputs differ between versions"
    return Problem(what, WHERE, why=known, fix=fix, key=key)


def _missing(component: Component, values: Mapping[str, Value]) -> list[Problem]:
    return [
        Problem(f"{KEY}.{spec.name} is required by {component.name} {component.version}", WHERE, fix="add it", key=KEY)
        for spec in component.inputs.values()
        if spec.literal and not spec.optional and spec.default is None and spec.name not in values
    ]


def _is_bound(component: Component, name: str) -> bool:
    """Whether a name is `x_min` or `x_max` of a number x: no input, but a bound of the portal's form."""
    spec = component.inputs.get(name[:-4]) if name.endswith(BOUNDS) else None
    return name not in component.inputs and spec is not None and spec.type in ("integer", "number")


def _beyond(values: Mapping[str, Value], bounds: Mapping[str, Any]) -> list[Problem]:
    """Warn where a value is beyond its bound; a bound that is no number bounds nothing, and is told."""
    warnings = []
    for name, raw in bounds.items():
        value, lower = values.get(name[:-4]), name.endswith("_min")
        try:
            bound = float(str(raw))
        except ValueError:
            warnings.append(Problem(f"{name} is no number: {raw!r}", why="so it bounds nothing", key=f"{KEY}.{name}"))
            continue
        if value is None or not (float(value.text) < bound if lower else float(value.text) > bound):
            continue
        side, why = ("below", "training may learn nothing") if lower else ("above", "training may diverge")
        key = f"{KEY}.{name[:-4]}"
        what = f"{key} {value.text} is {side} {raw}, the bound {name}"
        warnings.append(Problem(what, WHERE, why=why, key=key))
    return warnings
