"""Steps of a pipeline that are commands, or pipelines of commands: resolved, run one after the other, kept.

It must not know HTTP or the worker that fine-tunes. A step that is neither fails and says so.
"""

from collections.abc import Mapping
from pathlib import Path

from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets import components
from azureml_emulator.services.assets.asset_resource import Version
from azureml_emulator.services.jobs import run_labels
from azureml_emulator.services.jobs.execution import (
    command,
    command_outputs,
    failure,
    graph,
    outputs,
    parallel,
    process_run,
    reuse,
    sweep,
)
from azureml_emulator.services.jobs.execution.command import Folders
from azureml_emulator.services.jobs.execution.failure import JobFailed
from azureml_emulator.services.jobs.job_resource import Job
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus

Made = dict[str, dict[str, str]]
REGISTRY = "azureml://registries/"
SETTINGS = ("distribution", "limits", "resources", "search_space", "searchSpace")  # of a step


def spec_of(emulator: Emulator, stated: Json) -> Json | None:
    """The specification of a step's component in the workspace or a team's registry; None where it is in neither."""
    if isinstance(stated.get("component"), dict):
        inline: Json = stated["component"]
        return inline
    if isinstance(stated.get("trial"), dict):
        return spec_of(emulator, stated["trial"])
    id = str(stated.get("componentId") or "")
    if not id.startswith(REGISTRY):
        id = id.removeprefix("azureml:")
    else:
        parts = id.split("/")
        holder = next(emulator.store.named("registries", parts[3]), None)
        id = f"{holder.id}/components/{parts[5]}/versions/{parts[7]}" if holder and len(parts) == 8 else ""
    found = emulator.store.get(id)
    if "/labels/" in id and (workspace := emulator.store.get(id.split("/components/")[0])):
        found = components.COMPONENTS.latest(emulator, workspace, id.split("/")[-3])
    return Version.read(found).spec if found else None


def component_of(spec: Json) -> Json:
    """What the run of a step keeps of its component: its name, version, and the snapshot of its code."""
    return {"name": spec.get("name"), "version": spec.get("version"), "snapshot": run_labels.snapshot(spec.get("code"))}


async def run(
    emulator: Emulator, step: Resource, stated: Json, spec: Json, inputs: Mapping[str, Json], work: Path
) -> dict[str, str]:
    """One step with its inputs resolved; gives the places of its outputs. Raises JobFailed."""
    kind = str(spec.get("type") or "command")
    if stated.get("type") == "sweep":
        return await sweep.run_step(emulator, step, stated, spec, inputs, work)
    if kind == "pipeline":
        return await _pipeline(emulator, step, spec, inputs, work)
    if kind not in ("command", "parallel"):
        raise JobFailed("NotEmulated", f"The emulator runs commands, parallel steps and pipelines, and no {kind} step.")
    made = parallel.of_component if kind == "parallel" else command.of_component
    wanted, folders = made(spec, stated, inputs), Folders(work)
    workspace = str(step.body["workspace"])
    await process_run.run(emulator, workspace, step, wanted, folders)
    with emulator.transaction():
        return command_outputs.keep(emulator, step, wanted, folders, stated.get("outputs") or {})


def bound(stated: Json, given: Mapping[str, Json]) -> Json:
    """A step whose settings are bound to inputs of its pipeline, with their values; inputs and outputs as they were."""
    settings = {key: graph.filled(stated[key], given) for key in SETTINGS if stated.get(key)}
    return {**stated, **settings}


def resolved(inputs: Mapping[str, Json], given: Mapping[str, Json], made: Made) -> dict[str, Json]:
    """Inputs of a step with what they are bound to in place of bindings; those without a value are left out."""
    found = {name: _resolved(value or {}, given, made) for name, value in inputs.items()}
    return {name: value for name, value in found.items() if value.get("uri") or value.get("value") is not None}


def _resolved(value: Json, given: Mapping[str, Json], made: Made) -> Json:
    if name := graph.parent_input(value):
        own = given.get(name) or {}
        return {**own, "type": own.get("type") or own.get("jobInputType") or own.get("job_input_type")}
    if output := graph.other_output(value):
        place = made.get(output.node, {}).get(output.port)
        if place is None:
            raise JobFailed("UserError", f"The step {output.node} left no output {output.port}.")
        return {"uri": place}
    return {**value, "type": value.get("job_input_type") or value.get("jobInputType")}


async def _pipeline(
    emulator: Emulator, above: Resource, spec: Json, inputs: Mapping[str, Json], work: Path
) -> dict[str, str]:
    declared = {name: value or {} for name, value in (spec.get("inputs") or {}).items()}
    defaults = {name: {"value": said["default"]} for name, said in declared.items() if "default" in said}
    given: dict[str, Json] = {**defaults, **inputs}
    made: Made = {}
    places: dict[str, str] = {}
    for name, stated in graph.in_order(spec.get("jobs") or {}):
        below = spec_of(emulator, stated)
        if below is None:
            raise JobFailed("NotEmulated", f"The emulator does not run {stated.get('componentId') or 'this step'}.")
        with emulator.transaction():
            step = runs.below(emulator, above, name, "azureml.StepRun", component=component_of(below))
            runs.change(emulator, step, status=RunStatus.RUNNING)
        wanted, found = bound(stated, given), resolved(stated.get("inputs") or {}, given, made)
        made[name] = await guarded(emulator, step, wanted, below, found, work / str(len(made)), wanted)
        for port, binding in (stated.get("outputs") or {}).items():
            if (target := outputs.target_of(binding)) and port in made[name]:
                places[target] = made[name][port]
    return places


async def guarded(
    emulator: Emulator,
    step: Resource,
    stated: Json,
    spec: Json,
    inputs: Mapping[str, Json],
    work: Path,
    asked: Json,
) -> dict[str, str]:
    """Run a step, or take what the same work gave before; its last state goes to the pipeline's log. Raises JobFailed.

    `asked` is the step with those places for its outputs only that its author chose.
    """
    mark, workspace = _mark(emulator, step, asked, spec, inputs), str(step.body["workspace"])
    if mark and (earlier := reuse.find(emulator, workspace, mark)):
        with emulator.transaction():
            reuse.mark(emulator, {"": step}, earlier)
        _say(emulator, step, f"Reused run {earlier.body['steps']['']} for {step.body['step']}:{step.name}")
        return dict(earlier.body["places"])
    _say(emulator, step, f"Submitting 1 runs, first five are: {step.body['step']}:{step.name}")
    try:
        places = await run(emulator, step, stated, spec, inputs, work)
    except JobFailed as error:
        with emulator.transaction():
            runs.change(emulator, step, status=RunStatus.FAILED, error=failure.of_step(error.code, error.message))
        _say(emulator, step, f"Run {step.name} failed: {error.code}")
        raise
    with emulator.transaction():
        runs.change(emulator, step, status=RunStatus.COMPLETED)
        if mark:
            reuse.remember(emulator, workspace, mark, {"": step}, places)
    _say(emulator, step, f"Completing processing run id {step.name}.")
    return places


def _mark(emulator: Emulator, step: Resource, asked: Json, spec: Json, inputs: Mapping[str, Json]) -> str | None:
    """What another step has to have for this one's results; None where the job forces a rerun."""
    job = emulator.store.get(f"{step.body['workspace']}/jobs/{step.body['root']}")
    if job is None or Job.read(job).forces_rerun or spec.get("type") == "pipeline":
        return None
    return reuse.of_step(spec, asked, inputs)


def _say(emulator: Emulator, step: Resource, text: str) -> None:
    root = runs.find(emulator, str(step.body["workspace"]), str(step.body["root"]))
    if root is not None:
        with emulator.transaction():
            runs.log(emulator, root, f"[{emulator.clock.stamp()}] {text}\n", runs.PIPELINE_LOG)
