"""What the service makes of a component of a prompt flow: a parallel one, with the inputs that the flow declares.

It must not run a flow: it reads the flow's definition, which names its inputs and nothing else that is wanted here.
Source: what the service answered to azure-ai-ml in 2023 and 2026.
"""

import hashlib
from typing import Any

import yaml

from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import storage

KIND = "promptflow_parallel"
_TYPES = {"string": "string", "int": "integer", "double": "number", "bool": "boolean"}  # of others: as text
_OPTIONS = (
    "--amlbi_pf_enabled True --amlbi_pf_run_mode component --amlbi_mini_batch_rows 1 --amlbi_file_format jsonl "
    "$[[--amlbi_pf_run_outputs ${{inputs.run_outputs}}]] --amlbi_pf_debug_info ${{outputs.debug_info}}"
)
_SETTINGS = {
    "input_data": "${{inputs.data}}",
    "error_threshold": "-1",
    "logging_level": "INFO",
    "max_concurrency_per_instance": "1",
    "mini_batch_error_threshold": "0",
    "mini_batch_size": "1",
    "retry_settings": {"max_retries": "2", "timeout": "600"},
}
_TAKEN = ("code", "environment", "environment_variables", "connections", "flow_definition_uri", "type")


def expanded(emulator: Emulator, holder: str, stated: Json) -> Json:
    """The parallel component of a flow; any other specification as it is. Raises 400 where there is no definition."""
    if stated.get("type") != KIND:
        return stated
    definition = _definition(emulator, holder, str(stated.get("flow_definition_uri") or ""))
    declared = {name: _input(said) for name, said in (definition.get("inputs") or {}).items()}
    models = _models(definition, stated.get("connections") or {})
    code = str(stated.get("code") or "")
    arguments = [
        *_chosen("--amlbi_pf_connections", ".connection", models),
        *_chosen("--amlbi_pf_deployment_names", ".deployment_name", models),
        *(f"--amlbi_pf_input_{name} ${{{{inputs.{name}}}}}" for name in declared),
    ]
    return {
        "display_name": stated.get("name"),
        **{key: value for key, value in stated.items() if key not in _TAKEN},
        "type": "parallel",
        "inputs": {**_inputs(stated), **models, **declared},
        "outputs": {"flow_outputs": {"type": "uri_folder"}, "debug_info": {"type": "uri_folder"}},
        "task": {
            "code": code if code.startswith("azureml:") else f"azureml:{code}",
            "environment": stated.get("environment") or _environment(holder, stated),
            "program_arguments": " ".join([_OPTIONS, *arguments]),
            "entry_script": "driver/azureml_user/parallel_run/prompt_flow_entry.py",
            "type": "run_function",
            "append_row_to": "${{outputs.flow_outputs}}",
        },
        **_SETTINGS,
    }


def _inputs(stated: Json) -> Json:
    """Of every flow: its data, what an earlier run gave, and the environment variables that a step may set."""
    variables = {
        f"environment_variables.{name}": {"type": "string", "optional": True, "default": value}
        for name, value in (stated.get("environment_variables") or {}).items()
    }
    folder = {"type": "uri_folder"}
    return {"data": folder, "run_outputs": {**folder, "optional": True}, **variables}


def _models(definition: Json, stated: Json) -> Json:
    """Of each step that asks a model: which connection and which deployment, for a job to choose others."""
    variants = definition.get("node_variants") or {}
    nodes = [_chosen_variant(one, variants) for one in definition.get("nodes") or []]
    steps = [one for one in nodes if one.get("type") == "llm"]
    found: Json = {}
    for key in ("connection", "deployment_name"):
        for step in steps:
            own = stated.get(step["name"]) or {}
            value = own.get(key) or step.get(key) or (step.get("inputs") or {}).get(key)
            if value is not None:
                found[f"connections.{step['name']}.{key}"] = {"type": "string", "optional": True, "default": value}
    return found


def _chosen_variant(node: Json, variants: Json) -> Json:
    """What a step is: itself, or the variant that is its default."""
    several = variants.get(node["name"]) if node.get("use_variants") and isinstance(variants, dict) else None
    if not isinstance(several, dict):
        return node
    default = (several.get("variants") or {}).get(several.get("default_variant_id")) or {}
    return {**(default.get("node") or {}), "name": node["name"]}


def _chosen(option: str, ending: str, models: Json) -> list[str]:
    """The argument that hands on what a job chose of one kind; none where no step asks a model."""
    names = [name for name in models if name.endswith(ending)]
    parts = [f"$[[{name.removeprefix('connections.')}=${{{{inputs.{name}}}}},]]" for name in names]
    return [f'{option} "{"".join(parts)}"'] if parts else []


def _definition(emulator: Emulator, holder: str, uri: str) -> Json:
    try:
        place = storage.resolve(emulator, uri, workspace=holder, kind="codes")
        read: Any = yaml.safe_load(storage.read(emulator, place.account, place.container, place.name))
    except (ServiceError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(uri, str(error)) from error
    inputs, nodes = (read.get("inputs") or {}, read.get("nodes") or []) if isinstance(read, dict) else (None, None)
    if not isinstance(inputs, dict) or not isinstance(nodes, list):
        raise _unreadable(uri, "it is no flow")
    if not all(isinstance(one, dict) for one in (*inputs.values(), *nodes)) or any("name" not in one for one in nodes):
        raise _unreadable(uri, "an input or a node is not described")
    return dict(read)


def _unreadable(uri: str, why: str) -> ServiceError:
    text = f"The definition of the flow cannot be read at {uri!r}: {why}"
    return bad_request(text, code="UserError", target="flow_definition_uri")


def _input(said: Json) -> Json:
    default = {"default": said["default"]} if said.get("default") is not None else {}
    return {"type": _TYPES.get(str(said.get("type")), "string"), "optional": False, **default}


def _environment(holder: str, stated: Json) -> str:
    """The one that the service makes for a flow that names none, by what the flow is."""
    content = hashlib.md5(str(stated.get("flow_definition_uri")).encode(), usedforsecurity=False).hexdigest()
    return f"azureml:{holder}/environments/promptflow_{content}/versions/1"
