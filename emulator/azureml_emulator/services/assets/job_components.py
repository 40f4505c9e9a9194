"""The component that the service makes of a pipeline job: its steps, and its inputs and outputs with their types.

It must not start anything: it reads what the job stated.
Source: what the service answered to azure-ai-ml in 2026.
"""

import re

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator

_BOUND = re.compile(r"\$\{\{\s*parent\.inputs\.(\w+)\s*\}\}")
_SOURCES = ("sourceJobId", "source_job_id")


def expanded(emulator: Emulator, stated: Json) -> Json:
    """A specification with all that its job says, where it names one; any other as it is. Raises 404."""
    source = next((str(stated[key]) for key in _SOURCES if stated.get(key)), "")
    kept = {key: value for key, value in stated.items() if key not in _SOURCES}
    if not source:
        return kept
    job = emulator.store.get(source)
    if job is None:
        name = source.rsplit("/", maxsplit=1)[-1]
        raise ServiceError(404, "UserError", f"Job {name} not found.", inner=("NotFound", "JobNotFound"))
    said = job.body["properties"]
    jobs: Json = said.get("jobs") or {}
    types = _types(emulator, jobs)
    inputs = {name: _input(given or {}, types.get(name)) for name, given in (said.get("inputs") or {}).items()}
    outputs = {
        name: {"type": (given or {}).get("jobOutputType") or "uri_folder"}
        for name, given in (said.get("outputs") or {}).items()
    }
    return {**kept, "jobs": kept.get("jobs") or jobs, "inputs": inputs, "outputs": outputs}


def _input(given: Json, known: str | None) -> Json:
    """Data is a path without a default; a literal is of its parameter's type, and what the job gave is its default."""
    if given.get("jobInputType") != "literal":
        return {"type": "path", "optional": False}
    default = {"default": given["value"]} if given.get("value") is not None else {}
    return {"type": known or "string", "optional": False, **default}


def _types(emulator: Emulator, jobs: Json) -> dict[str, str]:
    """Of each input of the pipeline the type of a parameter that a step binds to it."""
    found: dict[str, str] = {}
    for step in jobs.values():
        component = emulator.store.get(str((step or {}).get("componentId") or "").removeprefix("azureml:"))
        spec = component.body["properties"]["componentSpec"] if component else {}
        for name, bound in ((step or {}).get("inputs") or {}).items():
            match = _BOUND.fullmatch(str((bound or {}).get("value") or ""))
            declared = (spec.get("inputs") or {}).get(name) or {}
            if match and declared.get("type"):
                found.setdefault(match[1], str(declared["type"]))
    return found
