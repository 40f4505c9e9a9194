"""Components of the system registry: interface and graph by version, and the checks that the service makes of inputs.

It must not run a component. The files in `components/` hold what changes between versions as differences.
"""

import math
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from azureml_emulator.catalog import read_file

FOLDER = Path(__file__).with_name("components")
REGISTRY = "azureml"
ENVIRONMENT = f"azureml://registries/{REGISTRY}/environments/acft-hf-nlp-gpu/versions/112"
CONTROL = "if_else"
LITERALS = ("string", "integer", "number", "boolean")


@dataclass(frozen=True)
class Problem:
    """One input that the service would refuse."""

    input: str
    code: str  # UnknownInput, MissingInput, InvalidEnumValue, OutOfRange or InvalidType
    message: str


@dataclass(frozen=True)
class Component:
    """One version of a registry component. `inputs` and `outputs` are by name, `jobs` is the graph of a pipeline."""

    registry: str
    name: str
    version: str
    type: str
    created: str
    display_name: str
    description: str
    is_deterministic: bool
    inputs: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, Any]]
    jobs: dict[str, dict[str, Any]]
    transfer: dict[str, Any] = field(default_factory=dict)  # of one that moves data: its task, and from or to what

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """The nodes of the graph that do work; an `if_else` only leads to one."""
        return {name: job for name, job in self.jobs.items() if job["type"] != CONTROL}

    @property
    def id(self) -> str:
        """The asset id, `azureml://registries/...`."""
        return f"azureml://registries/{self.registry}/components/{self.name}/versions/{self.version}"

    def spec(self) -> dict[str, Any]:
        """`componentSpec` as the registry answers it; literals of defaults and bounds are text."""
        answer: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "$schema": f"https://azuremlschemas.azureedge.net/latest/{self.type}Component.schema.json",
            "display_name": self.display_name,
            "description": self.description,
            "is_deterministic": str(self.is_deterministic),
            "type": self.type,
            "inputs": {name: _shown(said) for name, said in self.inputs.items()},
            "outputs": {name: dict(said) for name, said in self.outputs.items()},
        }
        if self.type == "pipeline":
            # Without control nodes: azure-ai-ml refuses a graph that has one, and it is what samples use these with.
            return {**answer, "jobs": {name: dict(job) for name, job in self.steps.items()}}
        if self.transfer:
            return {**answer, "$schema": "http://azureml/sdk-2-0/DataTransferComponent.json", **self.transfer}
        return {**answer, "command": f"python {self.name}.py", "environment": ENVIRONMENT, "code": f"{self.id}/code"}


def find(registry: str, name: str, version: str) -> Component | None:
    """The version of a component, or None."""
    return next((component for component in versions(registry, name) if component.version == version), None)


def versions(registry: str, name: str) -> list[Component]:
    """All versions of a component, oldest first."""
    return [component for component in every(registry) if component.name.lower() == name.lower()]


def every(registry: str) -> list[Component]:
    """All versions of all components of a registry."""
    return list(_all()) if registry.lower() == REGISTRY else []


def validate_inputs(component: Component, given: dict[str, Any], *, bound: tuple[str, ...] = ()) -> list[Problem]:
    """What the service refuses of these literal inputs, all at once.

    `given` maps names to literals (text, as clients send them, or numbers); `bound` names inputs that are data or that
    come from another step, which satisfy `required` and are not looked at.
    """
    problems = [
        Problem(name, "UnknownInput", f"Component {component.name} has no input named '{name}'.")
        for name in (*given, *bound)
        if name not in component.inputs
    ]
    for name, said in component.inputs.items():
        if name in given:
            problem = _literal_problem(name, said, given[name])
            if problem:
                problems.append(problem)
        elif name not in bound and not said.get("optional") and "default" not in said:
            problems.append(Problem(name, "MissingInput", f"The required input '{name}' is not provided."))
    return problems


def _literal_problem(name: str, said: dict[str, Any], value: Any) -> Problem | None:
    text = str(value)
    if said["type"] not in LITERALS:
        return Problem(
            name, "InvalidType", f"Input '{name}' is of type {said['type']}; a literal value is not allowed."
        )
    if "enum" in said and text not in said["enum"]:
        allowed = ", ".join(said["enum"])
        return Problem(
            name,
            "InvalidEnumValue",
            f"The value '{text}' of input '{name}' is not one of the allowed values: {allowed}.",
        )
    if said["type"] in ("string", "boolean"):
        is_bool = text.lower() in ("true", "false")
        wrong = said["type"] == "boolean" and not is_bool
        return (
            Problem(name, "InvalidType", f"The value '{text}' of input '{name}' is not a boolean.") if wrong else None
        )
    try:
        number = int(text) if said["type"] == "integer" else float(text)
    except ValueError:
        return Problem(name, "InvalidType", f"The value '{text}' of input '{name}' cannot be read as {said['type']}.")
    if not math.isfinite(number):
        return Problem(name, "InvalidType", f"The value '{text}' of input '{name}' is not a finite number.")
    if "min" in said and number < said["min"]:
        return Problem(name, "OutOfRange", f"The value {text} of input '{name}' is below the minimum {said['min']}.")
    if "max" in said and number > said["max"]:
        return Problem(name, "OutOfRange", f"The value {text} of input '{name}' is above the maximum {said['max']}.")
    return None


@cache
def _all() -> tuple[Component, ...]:
    """What a file states of a component wins over what a pipeline's graph tells of its steps."""
    stated: list[Component] = []
    derived: list[Component] = []
    for file in sorted(FOLDER.glob("*.yaml")):
        whole = read_file(file)
        for version, said in whole["versions"].items():
            component = _version(whole, version, said)
            stated.append(component)
            derived += _children(whole, component)
    return tuple({component.id: component for component in (*derived, *stated)}.values())


def _version(whole: dict[str, Any], version: str, said: dict[str, Any]) -> Component:
    without = said.get("without", {})
    changes = said.get("inputs", {})
    inputs = {
        name: _input({**declared, **changes.get(name, {})})
        for name, declared in whole["inputs"].items()
        if name not in without.get("inputs", ())
    }
    jobs = {
        name: dict(job) if job.get("type") == CONTROL else _node(name, job, inputs, said.get("children", {}))
        for name, job in whole.get("jobs", {}).items()
        if name not in without.get("jobs", ())
    }
    return Component(
        registry=REGISTRY,
        name=whole["name"],
        version=version,
        type=whole["type"],
        created=said["created"],
        display_name=whole["display_name"],
        description=whole["description"],
        is_deterministic=whole["is_deterministic"],
        inputs=inputs,
        outputs={name: out for name, out in whole["outputs"].items() if name not in without.get("outputs", ())},
        jobs=jobs,
        transfer=whole.get("transfer", {}),
    )


def _children(whole: dict[str, Any], pipeline: Component) -> list[Component]:
    """The command components of a pipeline's steps, with the ports that the pipeline uses of them."""
    children = []
    for step, node in pipeline.steps.items():
        name, version = node["componentId"].split("/")[-3::2]
        children.append(
            Component(
                registry=pipeline.registry,
                name=name,
                version=version,
                type="command",
                created=pipeline.created,
                display_name=name.replace("_", " ").title(),
                description=f"A step of {pipeline.name}.",
                is_deterministic=True,
                inputs={port: _port(whole, pipeline, bound["value"]) for port, bound in node["inputs"].items()},
                outputs={
                    port: {"type": _output_type(whole, to)} for port, to in whole["jobs"][step]["outputs"].items()
                },
                jobs={},
            )
        )
    return children


def _port(whole: dict[str, Any], pipeline: Component, bound: str) -> dict[str, Any]:
    """The declaration of a step's input: that of the pipeline's input or of the other step's output bound to it."""
    kind, *rest = bound.removeprefix("${{parent.").removesuffix("}}").split(".")
    if kind == "inputs":
        return pipeline.inputs[rest[0]]
    if kind == "jobs":
        return {"type": _output_type(whole, whole["jobs"][rest[0]]["outputs"][rest[2]])}
    return {"type": "string", "default": bound}


def _output_type(whole: dict[str, Any], said: str) -> str:
    """The type of a step's output, which is stated or is that of the pipeline's output that it becomes."""
    name = said.removeprefix("${{parent.outputs.").removesuffix("}}")
    return str(whole["outputs"][name]["type"]) if said.startswith("${{") else said


def _input(declared: dict[str, Any]) -> dict[str, Any]:
    return {"type": "string", "optional": True, **declared}


def _shown(said: dict[str, Any]) -> dict[str, Any]:
    """Defaults and bounds are answered as text."""
    return {key: _text(value) if key in ("default", "min", "max") else value for key, value in said.items()}


def _text(value: Any) -> str:
    return str(value)


def _node(name: str, job: dict[str, Any], inputs: dict[str, Any], children: dict[str, str]) -> dict[str, Any]:
    component = job.get("component", name)
    passed = {given: f"${{{{parent.inputs.{given}}}}}" for given in job.get("pass", ()) if given in inputs}
    compute = job.get("compute_input") or f"compute_{job['compute']}"
    size = job.get("instance_type_input") or f"instance_type_{job['compute']}"
    resources = {"instance_type": f"${{{{parent.inputs.{size}}}}}", **job.get("resources", {})}
    node = {
        "name": name,
        "type": "command",
        "componentId": f"azureml://registries/{REGISTRY}/components/{component}/versions/{children[component]}",
        "inputs": {given: _binding(value) for given, value in {**passed, **job.get("inputs", {})}.items()},
        "outputs": {
            given: {"type": "literal", "value": to} for given, to in job["outputs"].items() if to.startswith("${{")
        },
        "resources": resources,
        "_source": "REMOTE.REGISTRY",
    }
    if compute in inputs:
        node["computeId"] = f"${{{{parent.inputs.{compute}}}}}"
    return {**node, "distribution": job["distribution"]} if "distribution" in job else node


def _binding(value: str) -> dict[str, str]:
    return {"job_input_type": "literal", "value": value}
