"""Steps that are not run again: a node that did the same work before lends its results, unless the job forces a rerun.

As in the service, what was logged stays with the run that did the work. It must not run anything. The service decides
step by step; here a registry component's steps are reused together or not at all.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import run_labels
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus

KIND = "reusable"
_NAMES = ("$schema", "name", "version", "display_name", "description", "tags", "_source", "id")  # not the work itself
_SETTINGS = ("distribution", "environment_variables", "environmentVariables", "resources", "limits")


def of_step(spec: Json, stated: Json, inputs: Mapping[str, Json]) -> str | None:
    """What makes two steps of a user's own the same work, however they are named; None for what is always done again.

    A component says with `is_deterministic` whether its work may be reused. Data is the same where it lies in the same
    place, and an output that has a place of its own is not the same as one in another place.
    """
    if str(spec.get("is_deterministic", True)).lower() == "false" or stated.get("type") == "sweep":
        return None
    work = {key: value for key, value in spec.items() if key not in _NAMES}
    values: dict[str, Any] = {name: said.get("uri") or said.get("value") for name, said in inputs.items()}
    settings = {key: stated[key] for key in _SETTINGS if stated.get(key)}
    ports = {name: (said or {}).get("uri") for name, said in (stated.get("outputs") or {}).items()}
    text = json.dumps([work, values, settings, ports], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def remember(
    emulator: Emulator, workspace: str, fingerprint: str, steps: Mapping[str, Resource], places: dict[str, str]
) -> None:
    """Keep what a node did for the next one like it."""
    body = {"steps": {name: step.name for name, step in steps.items()}, "places": places}
    emulator.store.put(_id(workspace, fingerprint), body, parent=workspace, kind=KIND, name=fingerprint)


def find(emulator: Emulator, workspace: str, fingerprint: str) -> Resource | None:
    """What an equal node did before, as long as its runs are there."""
    found = emulator.store.get(_id(workspace, fingerprint))
    if found is None:
        return None
    there = all(runs.find(emulator, workspace, name) for name in found.body["steps"].values())
    return found if there else None


def mark(emulator: Emulator, steps: Mapping[str, Resource], earlier: Resource) -> None:
    """End the steps as reused ones, with the outputs of those that did the work."""
    for name, step in steps.items():
        origin = runs.find(emulator, str(step.body["workspace"]), earlier.body["steps"][name])
        assert origin is not None, "looked for just before"
        stated = {
            "azureml.isreused": "true",
            "azureml.reusedrunid": origin.name,
            "azureml.reusednodeid": run_labels.node_id(origin.name),
            "azureml.reusedpipeline": str(origin.body["parent"] or origin.body["root"]),
            "azureml.reusedpipelinerunid": str(origin.body["root"]),
        }
        run = runs.merge(emulator, step, "properties", stated)
        runs.change(emulator, run, status=RunStatus.COMPLETED, outputs=origin.body["outputs"])


def _id(workspace: str, fingerprint: str) -> str:
    return f"{workspace}/{KIND}/{fingerprint}"
