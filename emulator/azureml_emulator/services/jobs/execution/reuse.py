"""Steps that are not run again: a node that did the same work before lends its results, unless the job forces a rerun.

As in the service, what was logged stays with the run that did the work. It must not run anything. The service decides
step by step; here a component's steps are reused together or not at all.
"""

from collections.abc import Mapping

from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus

KIND = "reusable"


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
            "azureml.reusedpipelinerunid": str(origin.body["root"]),
        }
        run = runs.merge(emulator, step, "properties", stated)
        runs.change(emulator, run, status=RunStatus.COMPLETED, outputs=origin.body["outputs"])


def _id(workspace: str, fingerprint: str) -> str:
    return f"{workspace}/{KIND}/{fingerprint}"
