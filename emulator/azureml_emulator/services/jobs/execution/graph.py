"""How the steps of a pipeline hang together: what they are bound to, and the order that follows.

It must not know the store. Source: the expressions `${{parent.inputs.x}}` and `${{parent.jobs.n.outputs.x}}` of a
pipeline job's definition.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from azureml_emulator.core.request import Json

_INPUT = re.compile(r"^\$\{\{\s*parent\.inputs\.([^}\s]+)\s*\}\}$")  # an input of a group has a dot in its name
_OUTPUT = re.compile(r"^\$\{\{\s*parent\.jobs\.([^.}\s]+)\.outputs\.([^.}\s]+)\s*\}\}$")


_PARENT_OUTPUT = re.compile(r"^\$\{\{\s*parent\.outputs\.([^}\s]+)\s*\}\}$")
_BINDING = re.compile(r"^\$\{\{.*\}\}$")
NO_EXPRESSION = ("BadArgument", "ArgumentInvalid", "InvalidPipelineJob", "InvalidExpressionInJob")  # what no binding is


class Output(NamedTuple):
    """An output of another step."""

    node: str
    port: str


def parent_input(value: Json) -> str | None:
    """The input of the pipeline that an input of a step is bound to, or None."""
    match = _INPUT.match(_text(value))
    return match[1] if match else None


def other_output(value: Json) -> Output | None:
    """The output of another step that an input of a step is bound to, or None."""
    match = _OUTPUT.match(_text(value))
    return Output(match[1], match[2]) if match else None


def parent_output(value: Json) -> str | None:
    """The output of the pipeline that an output of a step is bound to, or None."""
    match = _PARENT_OUTPUT.match(_text(value))
    return match[1] if match else None


def is_unknown_binding(value: Json) -> bool:
    """Whether an input of a step is bound to what is neither an input of the pipeline nor an output of a step."""
    return bool(_BINDING.match(_text(value))) and not parent_input(value) and not other_output(value)


def filled(stated: Any, given: Mapping[str, Json]) -> Any:
    """A setting of a step, as its process count or a sweep's limits, with bound values in place of bindings."""
    if isinstance(stated, dict):
        return {key: filled(value, given) for key, value in stated.items()}
    if isinstance(stated, list):
        return [filled(value, given) for value in stated]
    name = parent_input({"value": stated}) if isinstance(stated, str) else None
    return (given.get(name) or {}).get("value", stated) if name else stated


def in_order(jobs: dict[str, Any]) -> Iterator[tuple[str, Json]]:
    """The steps, each after those whose outputs it takes; else as stated. Those of a circle are left out."""
    waiting, done = dict(jobs), set[str]()
    while ready := next((name for name, stated in waiting.items() if needs(stated) <= done), None):
        done.add(ready)
        yield ready, waiting.pop(ready)


def needs(stated: Json) -> set[str]:
    """The steps whose outputs a step takes."""
    bound = (other_output(value or {}) for value in (stated.get("inputs") or {}).values())
    return {output.node for output in bound if output}


def _text(value: Json) -> str:
    return str(value.get("value") or value.get("uri") or "")
