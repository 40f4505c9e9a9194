"""Command jobs before they run: their parts, and the text that the shell is given."""

from typing import Any

import pytest

from azureml_emulator.services.jobs.execution.command import Command, expand, of_component, of_job
from azureml_emulator.services.jobs.execution.failure import JobFailed


def a_command(text: str, **more: Any) -> Command:
    return Command(**{"text": text, "code": None, "environment": "e", "inputs": {}, "outputs": {}, **more})


def test_expressions_stand_for_values_and_places() -> None:
    text = "run --n ${{inputs.n}} ${{ inputs.data.path }} > ${{outputs.o}}/log"
    values = {"inputs.n": "3", "inputs.data": "/in/data", "outputs.o": "/out/o"}
    assert expand(a_command(text), values) == "run --n 3 /in/data > /out/o/log"


def test_what_belongs_to_an_optional_input_goes_with_it() -> None:
    text = "run $[[--a ${{inputs.a}}]] $[[--b ${{inputs.b}}]]"
    assert expand(a_command(text, optional=frozenset({"a"})), {"inputs.b": "1"}) == "run  --b 1"


def test_an_expression_without_a_value_is_named() -> None:
    with pytest.raises(JobFailed, match=r"\$\{\{inputs.typo\}\}, which is no input"):
        expand(a_command("run ${{inputs.typo}}"), {})


def test_a_job_says_its_parts() -> None:
    found = of_job(
        {
            "command": "c",
            "codeId": "code",
            "environmentId": "env",
            "inputs": {"n": {"value": "3", "jobInputType": "literal"}, "d": {"uri": "u", "jobInputType": "uri_file"}},
            "outputs": {"o": {"jobOutputType": "uri_folder"}},
            "environmentVariables": {"A": 1},
            "limits": {"timeout": "PT1H30M"},
            "distribution": {"distributionType": "PyTorch", "processCountPerInstance": 2},
            "resources": {"instanceCount": 2},
        }
    )
    assert found.inputs == {"n": {"value": "3"}, "d": {"uri": "u", "type": "uri_file"}}
    assert (found.outputs, found.variables, found.seconds, found.processes) == (
        {"o": "uri_folder"},
        {"A": "1"},
        5400,
        4,
    )


def test_a_step_takes_the_defaults_of_its_component_and_needs_the_rest() -> None:
    spec = {
        "command": "c",
        "inputs": {
            "n": {"type": "integer", "default": 4},
            "d": {"type": "uri_file"},
            "o": {"type": "x", "optional": True},
        },
    }
    found = of_component(spec, {}, {"d": {"uri": "u"}})
    assert found.inputs == {"n": {"value": "4"}, "d": {"uri": "u", "type": "uri_file"}}
    assert found.optional == {"o"}
    with pytest.raises(JobFailed, match="no value: d"):
        of_component(spec, {}, {})
