"""A pipeline job that is one component: its steps and inputs as if the job had stated them itself."""

from typing import NamedTuple

from azureml_emulator.catalog import components
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.jobs.execution import command_step


class Work(NamedTuple):
    """The steps of a pipeline, and the inputs and outputs that they are bound to."""

    jobs: dict[str, Json]
    inputs: dict[str, Json]
    outputs: dict[str, Json]


def work_of(emulator: Emulator, properties: Json) -> Work | None:
    """What a pipeline job does; None where it is a component that is not there.

    A component of the workspace is its steps; one of the system registry is one step, which its worker does whole.
    An input that is not given has its default, or no value. Steps that the job states beside it are not read.
    """
    stated = {name: value or {} for name, value in (properties.get("inputs") or {}).items()}
    outputs = {name: value or {} for name, value in (properties.get("outputs") or {}).items()}
    id = str(properties.get("componentId") or "")
    if not id:
        return Work({node: said or {} for node, said in (properties.get("jobs") or {}).items()}, stated, outputs)
    spec = command_step.spec_of(emulator, {"componentId": id})
    if spec is not None:
        return Work(spec.get("jobs") or {}, {**_defaults(spec), **stated}, {**(spec.get("outputs") or {}), **outputs})
    parts = id.split("/")
    known = id.startswith(command_step.REGISTRY) and len(parts) == 8
    if not known or components.find(parts[3], parts[5], parts[7]) is None:
        return None
    return Work({parts[5]: _whole(id, stated, properties)}, stated, outputs)


def missing_inputs(emulator: Emulator, properties: Json) -> list[str]:
    """The inputs that a component of the workspace needs and that the job does not give."""
    id = properties.get("componentId")
    spec = command_step.spec_of(emulator, {"componentId": id}) if id else None
    return missing(spec or {}, properties.get("inputs") or {})


def missing(spec: Json, given: Json) -> list[str]:
    """The inputs that a component needs and that are not given."""
    return [
        name for name, said in (spec.get("inputs") or {}).items()
        if name not in given and "default" not in said and str(said.get("optional")).lower() != "true"
    ]  # fmt: skip


def _defaults(spec: Json) -> dict[str, Json]:
    declared = {name: said or {} for name, said in (spec.get("inputs") or {}).items()}
    return {
        name: {"jobInputType": "literal", "value": said["default"]} if "default" in said else {}
        for name, said in declared.items()
    }


def _whole(id: str, inputs: dict[str, Json], properties: Json) -> Json:
    """One step that is the component, with the job's inputs and outputs for its own."""
    bound = {name: {"job_input_type": "literal", "value": f"${{{{parent.inputs.{name}}}}}"} for name in inputs}
    outputs = {
        name: {"type": "literal", "value": f"${{{{parent.outputs.{name}}}}}"}
        for name in properties.get("outputs") or {}
    }
    return {"type": "pipeline", "componentId": id, "inputs": bound, "outputs": outputs}
