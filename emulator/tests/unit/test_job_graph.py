"""The order of a pipeline's steps, from what they are bound to."""

from typing import Any

import pytest

from azureml_emulator.services.jobs.execution import graph


def step(*after: str) -> dict[str, Any]:
    return {
        "inputs": {f"i{n}": {"value": f"${{{{parent.jobs.{name}.outputs.o}}}}"} for n, name in enumerate(after)}
        | {"own": {"value": "${{parent.inputs.x}}"}, "literal": {"value": 1}, "nothing": None}
    }


@pytest.mark.parametrize(
    ("jobs", "names"),
    [
        ({"b": step(), "a": step()}, ["b", "a"]),
        ({"a": step("b"), "b": step("c"), "c": step()}, ["c", "b", "a"]),
        ({"a": step("b", "c"), "b": step(), "c": step()}, ["b", "c", "a"]),
        ({"a": step("b"), "b": step("a"), "c": step()}, ["c"]),
        ({"a": step("not-there"), "b": step("a")}, []),
    ],
)
def test_steps_come_after_those_whose_outputs_they_take(jobs: dict[str, Any], names: list[str]) -> None:
    assert [name for name, _ in graph.in_order(jobs)] == names


def test_bindings_are_read_from_value_or_uri() -> None:
    assert graph.parent_input({"value": "${{ parent.inputs.rate }}"}) == "rate"
    assert graph.other_output({"uri": "${{parent.jobs.a.outputs.model}}"}) == ("a", "model")
    assert graph.parent_input({"value": "0.1"}) is None
    assert graph.other_output({"value": "${{parent.inputs.rate}}"}) is None
