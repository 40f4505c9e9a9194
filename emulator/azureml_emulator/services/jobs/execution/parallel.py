"""Parallel components as one command: the driver that gives a script one mini-batch after the other.

It must not start it (`process_run`). One process works through all mini-batches; instances and retries have no effect.
Source: the parallel component schema of Azure ML (`input_data`, `mini_batch_size`, `task`).
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azureml_emulator import user_code
from azureml_emulator.core.request import Json
from azureml_emulator.services.jobs.execution import command
from azureml_emulator.services.jobs.execution.command import Command
from azureml_emulator.services.jobs.execution.failure import JobFailed

DRIVER = Path(user_code.__file__).with_name("batch_driver.py")


def of_component(spec: Json, node: Json, inputs: Mapping[str, Json]) -> Command:
    """The command of a parallel step. Raises JobFailed for one without data to divide."""
    task: Json = {**(spec.get("task") or {}), **(node.get("task") or {})}
    stated = {**spec, **{key: value for key, value in node.items() if value is not None}}
    data = str(stated.get("input_data") or "")
    if not data:
        raise JobFailed("UserError", "A parallel step needs input_data.")
    text = ["python", shlex.quote(str(DRIVER)), "--batch", shlex.quote(str(stated.get("mini_batch_size") or "10"))]
    text += ["--threshold", str(_number(stated.get("mini_batch_error_threshold", stated.get("error_threshold"))))]
    if task.get("entry_script"):
        text += ["--script", shlex.quote(str(task["entry_script"]))]
    if task.get("append_row_to"):
        text += ["--append", str(task["append_row_to"])]
    if model := spec.get("model"):
        text += ["--model", f"${{{{inputs.{model['input']}}}}}", "--model-name", shlex.quote(str(model["name"]))]
    text += ["--data", data, "--", str(task.get("program_arguments") or "")]
    whole = {**spec, "command": " ".join(text).rstrip(), "code": task.get("code"), "resources": {}}
    return command.of_component(
        {**whole, "environment": task.get("environment")}, {**node, "resources": {}, "distribution": None}, inputs
    )


def _number(value: Any) -> int:
    """How many mini-batches may fail; -1 where any number may."""
    return int(value) if str(value).lstrip("-").isdecimal() else -1
