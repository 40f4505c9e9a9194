"""Changes of single keys on top of `params.yaml`: the block `rehearsal`, and `--set key=value` of the command line.

A key is dotted: `environments.production.bake_seconds`. An item of a list is named by its number, or a rule of the gate
by its metric: `gate.rules.eval_loss.max`.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from mlops import yamls
from mlops.errors import BadInput, Problem

BLOCK = "rehearsal"
REHEARSAL_VARIABLE = "MLOPS_REHEARSAL"  # set by `mlops rehearse` for the commands that it starts
COMMAND_LINE = "the command line"
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Override:
    """One key with its new value, and who says so: `rehearsal` of params.yaml, or the command line."""

    key: str
    value: Any
    source: str

    def __str__(self) -> str:
        return f"{self.key} = {'null' if self.value is None else self.value}, from {self.source}"


def parse(texts: Iterable[str]) -> tuple[Override, ...]:
    """`key=value` as it is typed; the value is read as YAML. Raises BadInput with every one that cannot be read."""
    found, problems = [], []
    for text in texts:
        key, equals, value = text.partition("=")
        if not key.strip() or not equals:
            problems.append(Problem(f"{text!r} is not key=value", "--set", fix="such as --set training.nodes=2"))
            continue
        try:
            found.append(Override(key.strip(), yamls.read(value), COMMAND_LINE))
        except yaml.YAMLError as error:
            problems.append(Problem(f"the value of {key} is not YAML", "--set", why=str(error).split("\n")[0], key=key))
    if problems:
        raise BadInput(problems)
    return tuple(found)


def of_block(values: Mapping[str, Any]) -> tuple[Override, ...]:
    """What the block `rehearsal` of the file says."""
    stated = values.get(BLOCK)
    pairs = stated.items() if isinstance(stated, Mapping) else ()
    return tuple(Override(str(key), value, f"{BLOCK} in params.yaml") for key, value in pairs)


def apply(values: Mapping[str, Any], changes: Iterable[Override]) -> tuple[dict[str, Any], dict[Place, Override]]:
    """The values with each change made, later ones over earlier, and the change by the place that it was made at.

    Raises BadInput with every change whose way leads nowhere.
    """
    changed: dict[str, Any] = copy.deepcopy(dict(values))
    places: dict[Place, Override] = {}
    problems = []
    for change in changes:
        place = _set(changed, change)
        if isinstance(place, Problem):
            problems.append(place)
        else:
            places[place] = change
    if problems:
        raise BadInput(problems)
    return changed, places


def problem_at(change: Override, text: str) -> Problem:
    """What is wrong with the value of a change, told where it was written."""
    if change.source == COMMAND_LINE:
        return Problem(text, f"--set {change.key}", key=change.key)
    return Problem(text, "params.yaml", key=f"{BLOCK}.{change.key}")


def _set(values: Any, change: Override) -> Place | Problem:
    *way, last = change.key.split(".")
    at: Any = values
    place: Place = ()
    for part in way:
        if isinstance(at, dict) and at.get(part) is None:
            at[part] = {}
        step = _step(at, part)
        if step is None:
            return _nowhere(change, part)
        at, place = at[step], (*place, step)
    if isinstance(at, dict):
        at[last] = change.value
        return (*place, last)
    step = _step(at, last)
    if step is None:
        return _nowhere(change, last)
    at[step] = change.value
    return (*place, step)


def _step(at: Any, part: str) -> str | int | None:
    """The key or index that a part of a dotted key names here; None where it names nothing."""
    if isinstance(at, dict):
        return part if part in at else None
    if not isinstance(at, list):
        return None
    if part.isdigit():
        return int(part) if int(part) < len(at) else None
    return next((n for n, item in enumerate(at) if isinstance(item, dict) and item.get("metric") == part), None)


def _nowhere(change: Override, part: str) -> Problem:
    fix = "write the key as it stands in params.yaml, with dots between its parts"
    return replace(problem_at(change, f"{change.key}: there is no {part!r} to change"), fix=fix)
