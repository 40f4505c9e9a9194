"""Command jobs: what one is made of, and its text with inputs and outputs put in.

It must not start a process (`process_run`) or know HTTP. A step of a pipeline and a job of its own are the same thing.
Source: the command job and component schemas of Azure ML: `${{inputs.x}}`, `${{outputs.y}}`, and `$[[...]]` around what
is left out when an optional input has no value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from azureml_emulator.catalog import models
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.jobs.execution.failure import JobFailed
from azureml_emulator.services.storage import storage
from azureml_emulator.stand_in_model import mlflow_model

_EXPRESSION = re.compile(r"\$\{\{\s*(inputs|outputs)\.([A-Za-z_][\w.\-]*)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_TIMEOUT = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
MODELS = ("custom_model", "mlflow_model", "triton_model")


@dataclass(frozen=True)
class Command:
    """A command and what it needs. Inputs are resolved: `{"value"}`, or `{"uri", "type"}`; outputs are name -> type."""

    text: str
    code: str | None
    environment: str
    inputs: Mapping[str, Json]
    outputs: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None  # how long it may run
    processes: int = 1


@dataclass(frozen=True)
class Folders:
    """Where a command finds things on this machine."""

    work: Path

    @property
    def code(self) -> Path:
        """The current folder of the command."""
        return self.work / "code"

    def input(self, name: str) -> Path:
        """Of a file or folder that comes in."""
        return self.work / "inputs" / name

    def output(self, name: str, kind: str) -> Path:
        """Of a file or folder that goes out."""
        place = self.work / "outputs" / name
        return place / name if kind == "uri_file" else place


def of_job(properties: Json) -> Command:
    """The command of a job of type Command."""
    stated = {name: value or {} for name, value in (properties.get("inputs") or {}).items()}
    inputs = {
        name: {"value": str(value["value"])} if "value" in value and "uri" not in value
        else {"uri": value.get("uri"), "type": value.get("jobInputType")}
        for name, value in stated.items()
    }  # fmt: skip
    given = {name: value for name, value in inputs.items() if value.get("uri") or value.get("value") is not None}
    outputs = properties.get("outputs") or {}
    return Command(
        text=str(properties.get("command") or ""),
        code=properties.get("codeId"),
        environment=str(properties.get("environmentId") or ""),
        inputs=given,
        outputs={name: str((value or {}).get("jobOutputType") or "uri_folder") for name, value in outputs.items()},
        optional=frozenset(set(stated) - set(given)),
        variables={key: str(value) for key, value in (properties.get("environmentVariables") or {}).items()},
        seconds=_seconds((properties.get("limits") or {}).get("timeout")),
        processes=_processes(properties.get("distribution"), properties.get("resources")),
    )


def of_component(spec: Json, node: Json, inputs: Mapping[str, Json]) -> Command:
    """The command of a pipeline's step: the component's specification, what the step changes of it, and its inputs."""
    declared = {name: value or {} for name, value in (spec.get("inputs") or {}).items()}
    whole: dict[str, Json] = {
        name: {"value": str(said["default"])} for name, said in declared.items() if said.get("default") is not None
    }
    for name, value in inputs.items():
        kind = value.get("type") or (declared.get(name) or {}).get("type")
        whole[name] = {"uri": value["uri"], "type": kind} if value.get("uri") else {"value": str(value["value"])}
    missing = [name for name, said in declared.items() if name not in whole and not _is_true(said.get("optional"))]
    if missing:
        raise JobFailed("UserError", f"Required inputs have no value: {', '.join(missing)}.")
    outputs = {
        name: str((said or {}).get("type") or "uri_folder") for name, said in (spec.get("outputs") or {}).items()
    }
    variables = {**(spec.get("environment_variables") or {}), **(node.get("environment_variables") or {})}
    resources = {**(spec.get("resources") or {}), **(node.get("resources") or {})}
    return Command(
        text=str(spec.get("command") or ""),
        code=spec.get("code"),
        environment=str(node.get("environment") or spec.get("environment") or ""),
        inputs=whole,
        outputs=outputs,
        optional=frozenset(set(declared) - set(whole)),
        variables={key: str(value) for key, value in variables.items()},
        seconds=_seconds((node.get("limits") or {}).get("timeout")),
        processes=_processes(node.get("distribution") or spec.get("distribution"), resources),
    )


def bring(emulator: Emulator, workspace: str, command: Command, folders: Folders) -> dict[str, str]:
    """Copy code and inputs to this machine, make the folders of outputs; gives what each expression stands for.

    Raises JobFailed, and the store's 404 for what is not there.
    """
    folders.code.mkdir(parents=True, exist_ok=True)
    if command.code:
        storage.download_tree(emulator, _asset(command.code), folders.code, workspace=workspace, kind="codes")
    values: dict[str, str] = {}
    for name, value in command.inputs.items():
        if "value" in value:
            values[f"inputs.{name}"] = str(value["value"])
            continue
        kind = str(value.get("type") or "uri_folder")
        asset = "models" if kind in MODELS else "data"
        target = folders.input(name)
        if base := _base_model(str(value["uri"])):
            mlflow_model.write_base(target, base_model_name=base.name, base_model_asset_id=base.id)
            values[f"inputs.{name}"] = str(target)
            continue
        found = storage.download_tree(emulator, _asset(str(value["uri"])), target, workspace=workspace, kind=asset)
        values[f"inputs.{name}"] = str(target / found[0] if kind == "uri_file" else target)
    for name, kind in command.outputs.items():
        place = folders.output(name, kind)
        (place.parent if kind == "uri_file" else place).mkdir(parents=True, exist_ok=True)
        values[f"outputs.{name}"] = str(place)
    return values


def expand(command: Command, values: Mapping[str, str]) -> str:
    """The text with its expressions replaced. Raises JobFailed for one that stands for nothing."""

    def optional(match: re.Match[str]) -> str:
        names = [name for where, name in _EXPRESSION.findall(match[1]) if where == "inputs"]
        return "" if any(name in command.optional for name in names) else match[1]

    def value(match: re.Match[str]) -> str:
        key = f"{match[1]}.{match[2].removesuffix('.path')}"
        if key not in values:
            raise JobFailed("UserError", f"The command uses {match[0]}, which is no {match[1][:-1]} with a value.")
        return values[key]

    return _EXPRESSION.sub(value, _OPTIONAL.sub(optional, command.text))


def _base_model(uri: str) -> models.Model | None:
    """The model of a system registry that a reference names; the stand-in is there in its place."""
    parts = uri.split("/")
    return (
        models.find(parts[3], parts[5], parts[7])
        if uri.startswith("azureml://registries/") and len(parts) == 8
        else None
    )


def _asset(reference: str) -> str:
    """A reference as storage reads it: ids of the workspace's assets have no scheme of their own."""
    return reference.removeprefix("azureml:") if reference.startswith("azureml:/subscriptions") else reference


def _seconds(text: Any) -> float | None:
    match = _TIMEOUT.match(str(text or ""))
    if not match:
        return float(text) if str(text or "").isdecimal() else None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds() or None


def _processes(distribution: Json | None, resources: Json | None) -> int:
    """How many processes a distributed command has on all its nodes."""
    stated, where = distribution or {}, resources or {}
    nodes = where.get("instanceCount") or where.get("instance_count") or 1
    each = (stated.get("processCountPerInstance") or stated.get("process_count_per_instance") or 1) if stated else 1
    return int(nodes) * int(each)


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
