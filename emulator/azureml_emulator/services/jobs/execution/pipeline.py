"""What a job does from its first step to its last: a command, or a pipeline's steps in their order.

It must not know the queue or decide a job's last state. A step is a component of the registry, which the worker runs,
or a command of a user's own.
"""

from pathlib import Path
from typing import NoReturn

from azureml_emulator.catalog.components import Component
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import (
    command,
    command_outputs,
    command_step,
    component_job,
    compute,
    failure,
    graph,
    outputs,
    process_run,
    request,
    reuse,
    sweep,
    worker,
)
from azureml_emulator.services.jobs.execution.command import Folders
from azureml_emulator.services.jobs.execution.failure import JobEnded, JobFailed
from azureml_emulator.services.jobs.execution.job import check_not_canceled, injected_of, root_of
from azureml_emulator.services.jobs.job_resource import Job, JobType
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus
from azureml_emulator.services.storage import storage

Bad = dict[str, JobFailed | JobEnded | None]

FINE_TUNING = "chat_completion_pipeline"
NOT_EXECUTED = "The emulator runs pipeline, command and sweep jobs; it keeps a {} job as a record only."


async def run(emulator: Emulator, job: Resource, work: Path) -> None:
    """Do the job's work in a folder. Raises JobFailed and JobCanceled."""
    kinds = {JobType.COMMAND: _command, JobType.SWEEP: _sweep}
    if not (kind := Job.read(job).type).is_executed:
        with emulator.transaction():
            root = runs.change(emulator, root_of(emulator, job), status=RunStatus.RUNNING)
            runs.log(emulator, root, f"{NOT_EXECUTED.format(kind)}\n")
        raise JobFailed("NotEmulated", NOT_EXECUTED.format(kind))
    compute.check(Job.read(job).default_compute)
    await kinds.get(Job.read(job).type, _pipeline)(emulator, job, work)


async def _pipeline(emulator: Emulator, job: Resource, work: Path) -> None:
    """The steps of a pipeline, each after those that it needs."""
    made: request.Made = {}
    stated_job = Job.read(job)
    work_of_job = component_job.work_of(emulator, stated_job.stated)
    if work_of_job is None:
        raise JobFailed("UserError", f"Component {stated_job.component} is not there any more.")
    failed, lost = None, set[str]()
    for number, (node, stated) in enumerate(graph.in_order(work_of_job.jobs)):
        check_not_canceled(emulator, job)
        if graph.needs(stated) & lost:  # what it takes is not made
            lost.add(node)
            continue
        spec = command_step.spec_of(emulator, stated)
        run = _node if spec is None else _step
        try:
            made[node] = await run(emulator, job, node, stated, made, work / str(number))
        except JobFailed as error:
            if not stated_job.goes_on:
                raise
            failed = failed or error
            lost.add(node)
    if failed:
        raise failed
    _register(emulator, job)


async def _sweep(emulator: Emulator, job: Resource, work: Path) -> None:
    """A job that tries one command with several values."""
    if injected := injected_of(job, [job.name]):
        raise injected[1]
    await sweep.run_job(emulator, job, work)
    _register(emulator, job)


async def _command(emulator: Emulator, job: Resource, work: Path) -> None:
    """A job that is one command."""
    check_not_canceled(emulator, job)
    with emulator.transaction():
        root = runs.change(emulator, root_of(emulator, job), status=RunStatus.RUNNING)
    if injected := injected_of(job, [job.name]):
        raise injected[1]
    wanted, folders = command.of_job(Job.read(job).stated), Folders(work)
    await process_run.run(emulator, outputs.workspace_of(job), root, wanted, folders)
    check_not_canceled(emulator, job)
    declared = Job.read(job).outputs
    with emulator.transaction():
        places = command_outputs.keep(emulator, root, wanted, folders, declared)
        same = {name: {"value": f"${{{{parent.outputs.{name}}}}}"} for name in places}
        outputs.bind(emulator, job, {"outputs": same}, places)
    _register(emulator, job)


async def _step(
    emulator: Emulator, job: Resource, node: str, stated: Json, made: request.Made, work: Path
) -> dict[str, str]:
    """A step of the pipeline that is a command of a user's own, or a pipeline of such."""
    root, spec = root_of(emulator, job), command_step.spec_of(emulator, stated)
    assert spec is not None, "looked for just before"
    asked = Job.read(job)
    where = stated.get("computeId") or asked.default_compute
    compute.check(where)
    kind = "azureml.PipelineRun" if spec.get("type") == "pipeline" else "azureml.StepRun"
    with emulator.transaction():
        runs.change(emulator, root, status=RunStatus.RUNNING)
        said = command_step.component_of(spec)
        step = runs.below(emulator, root, node, kind, compute=compute.name_of(where), component=said)
        runs.change(emulator, step, status=RunStatus.RUNNING)
    if injected := injected_of(job, [node]):
        _stop(emulator, step, injected[1])
    whole = component_job.work_of(emulator, asked.stated)
    given = whole.inputs if whole else {}
    inputs = command_step.resolved(stated.get("inputs") or {}, given, made)
    wanted = command_step.bound(_wanted(emulator, job, stated), given)
    chosen = {**wanted, "outputs": _chosen(emulator, job, stated)}
    places = await command_step.guarded(emulator, step, wanted, spec, inputs, work, chosen)
    check_not_canceled(emulator, job)
    with emulator.transaction():
        outputs.bind(emulator, job, stated, places)
    return places


def _chosen(emulator: Emulator, job: Resource, stated: Json) -> Json:
    """The outputs of a step for which the job or the step says a place."""
    declared = Job.read(job).outputs
    said = {
        port: (declared.get(outputs.target_of(binding)) or {}).get("uri") or (binding or {}).get("uri")
        for port, binding in (stated.get("outputs") or {}).items()
    }
    return {port: {"uri": uri} for port, uri in said.items() if uri}


def _wanted(emulator: Emulator, job: Resource, stated: Json) -> Json:
    """The step with places for those of its outputs that are the job's: the job's own, or one below the job's name."""
    declared = outputs.current(emulator, job).outputs
    asked = {}
    for port, binding in (stated.get("outputs") or {}).items():
        target = outputs.target_of(binding)
        said = declared.get(target) or {}
        file = target if said.get("jobOutputType") == "uri_file" else ""
        own = (said.get("uri") or storage.output_uri(job.name, target, file)) if target in declared else None
        asked[port] = {"uri": own or (binding or {}).get("uri")}
    return {**stated, "outputs": asked}


def _register(emulator: Emulator, job: Resource) -> None:
    """Make assets of the outputs that the job names as such."""
    found = outputs.current(emulator, job).outputs
    places = {name: said["uri"] for name, said in found.items() if (said or {}).get("uri")}
    workspace = emulator.store.get(outputs.workspace_of(job))
    if workspace is not None:
        with emulator.transaction():
            command_outputs.register(emulator, workspace, found, places)


async def _node(
    emulator: Emulator, job: Resource, node: str, stated: Json, made: request.Made, work: Path
) -> dict[str, str]:
    """One step of the pipeline: a component with steps of its own. Gives the places of its outputs."""
    component = request.component_of(stated)
    inputs = request.inputs_of(job, stated, component, made)
    mark = request.fingerprint(component, inputs)
    root, workspace = root_of(emulator, job), outputs.workspace_of(job)
    with emulator.transaction():
        runs.change(emulator, root, status=RunStatus.RUNNING)
        if component.name == FINE_TUNING:
            runs.merge(emulator, root, "properties", {"PipelineType": "Finetune"})
        alone = component.type == "command"
        step = runs.below(emulator, root, node, "azureml.StepRun" if alone else "azureml.PipelineRun")
        runs.change(emulator, step, status=RunStatus.RUNNING)
        literals = request.literals(component, inputs)
        places = {name: compute.place_of(emulator, workspace, component, name, literals) for name in component.steps}
        steps = {
            name: step if alone else runs.below(emulator, step, name, "azureml.StepRun", compute=place.target)
            for name, place in places.items()
        }
        injected = injected_of(job, places)
        earlier = None if Job.read(job).forces_rerun or injected else reuse.find(emulator, workspace, mark)
        if earlier:
            reuse.mark(emulator, steps, earlier)
            kept = dict(earlier.body["places"])
    if not earlier:
        bad: Bad = {name: compute.problem(place, component, name, literals) for name, place in places.items()}
        if injected:
            bad[injected[0]] = injected[1]
        await _work(emulator, job, component, inputs, steps, work, bad)
        with emulator.transaction():
            kept = outputs.keep(emulator, job, stated, component, steps, work)
            reuse.remember(emulator, workspace, mark, steps, kept)
    with emulator.transaction():
        outputs.bind(emulator, job, stated, kept)
        runs.change(emulator, step, status=RunStatus.COMPLETED)
    return kept


async def _work(
    emulator: Emulator,
    job: Resource,
    component: Component,
    inputs: dict[str, Json],
    steps: dict[str, Resource],
    work: Path,
    bad: Bad,
) -> None:
    """Let the worker do the steps, up to the first that could not run on its compute. Raises JobFailed."""
    failing = next((name for name in steps if bad[name]), None)
    doable = list(steps)[: list(steps).index(failing)] if failing else list(steps)
    with emulator.transaction():
        request.write(emulator, outputs.workspace_of(job), component, inputs, work, doable)
    await worker.run(emulator, root_of(emulator, job), steps, work)
    check_not_canceled(emulator, job)
    if failing and (error := bad[failing]):
        _stop(emulator, steps[failing], error)


def _stop(emulator: Emulator, step: Resource, error: JobFailed | JobEnded) -> NoReturn:
    """Give a step the end that it has without having worked, and raise it."""
    with emulator.transaction():
        run = runs.change(emulator, step, status=RunStatus.RUNNING)
        if isinstance(error, JobFailed):
            runs.log(emulator, run, f"{error.code}: {error.message}\n")
            runs.change(emulator, run, status=RunStatus.FAILED, error=failure.of_step(error.code, error.message))
        else:
            runs.change(emulator, run, status=error.state)
    raise error
