"""Jobs of a workspace: create, read, list, cancel, delete.

`execution` runs one, `tracking.runs` keeps its state, `job_checks` says what a new one must satisfy.
Source: Microsoft.MachineLearningServices workspaces/jobs.
"""

import re
from dataclasses import asdict
from typing import Any

from azureml_emulator.core import arm, state_transitions
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.operations import accepted
from azureml_emulator.core.request import InjectedFailure, Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import job_answers, job_checks, local_jobs, run_labels
from azureml_emulator.services.jobs.execution import compute, failure, queue
from azureml_emulator.services.jobs.execution import job as job_state
from azureml_emulator.services.jobs.job_resource import KIND, TYPE_PATH, Job, JobType
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import TERMINAL, RunStatus
from azureml_emulator.services.workspaces import scope

NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$")


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a job: a new one starts; of one that is there only names, tags, properties and archiving can change."""
    workspace = scope.require(request, emulator)
    name, properties = request.params["name"], dict(request.json().get("properties") or {})
    if not NAME.match(name):
        raise bad_request(f"The job name {name!r} does not match {NAME.pattern}.", code="UserError", target="name")
    id = f"{workspace.id}/{KIND}/{name}"
    before = emulator.store.get(id)
    if local_jobs.is_new(emulator, workspace, name, properties):
        return local_jobs.put(emulator, workspace, name, properties)
    job_checks.check_members(request.query.get("api-version", ""), properties)
    job_checks.check_sizes(properties, job_state.root_of(emulator, before).body["tags"] if before else None)
    if before:
        job_checks.refuse_other_work(before, properties)
        return Reply(200, _show(emulator, _change(emulator, before, properties)))
    if runs.find(emulator, workspace.id, name):
        raise bad_request(f"A run with the id {name} already exists in the workspace.", code="UserError", target="name")
    made = _show(emulator, submit(emulator, workspace, name, properties, request.injected))
    return Reply(201, job_answers.just_made(request.query.get("api-version", ""), made, properties))


def start_local(request: Request, emulator: Emulator) -> Reply:
    """POST startlocalrun: a job that was stated as local is made; what its client would run is answered."""
    workspace = scope.require(request, emulator)
    name = str(request.query.get("runId") or "")
    submit(emulator, workspace, name, local_jobs.take(emulator, workspace, name))
    return local_jobs.archive()


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one job, a trial of a sweep too. A pipeline's step has no properties, which is how the SDK knows it."""
    workspace = scope.require(request, emulator)
    name = request.params["name"]
    step = runs.find(emulator, workspace.id, name)
    id = f"{workspace.id}/{KIND}/{name}"
    if step is not None and step.body["parent"] and emulator.store.get(id) is None:
        made = {**arm.system_data(emulator.clock), "createdAt": step.body["created"]}
        return Reply(200, arm.shown(id, name, {"systemData": _created(made)}, TYPE_PATH))
    job = _require(request, emulator)
    queue.read(emulator, job.name)
    return Reply(200, _show(emulator, job))


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the jobs of a workspace, newest first; `jobType`, `tag`, `properties` and `listViewType` select."""
    workspace = scope.require(request, emulator)
    query = request.query
    view, kind = query.get("listViewType", "ActiveOnly"), query.get("jobType")
    tags, stated = _pairs(query.get("tag", "")), _pairs(query.get("properties", ""))
    schedule = (query.get("scheduleId") or "").rsplit("/", 1)[-1].lower()
    scheduled = bool(schedule) or query.get("scheduled", "").lower() == "true"

    def fits(job: Resource) -> bool:
        run = job_state.root_of(emulator, job).body
        in_view = view == "All" or run["hidden"] == (view == "ArchivedOnly")
        one = Job.read(job)
        of_kind = not kind or one.type.lower() == kind.lower()
        of_schedule = not scheduled or (bool(one.schedule) and schedule in ("", one.schedule))
        labels = {**one.labels, **run["properties"]}
        return in_view and of_kind and of_schedule and _has(run["tags"], tags) and _has(labels, stated)

    found = filter(fits, emulator.store.children(workspace.id, KIND, newest_first=True, after=arm.after(request)))
    return arm.stored_page(request, found, lambda job: _show(emulator, job))


def cancel(request: Request, emulator: Emulator) -> Reply:
    """POST cancel: 202 with a Location that is done when the job has ended; one that has ended cannot be canceled."""
    job = _require(request, emulator)
    status = job_state.root_of(emulator, job).body["status"]
    if status in TERMINAL:
        inner = ("BadArgument", "ArgumentInvalid", "CancelPipelineRunInTerminalStatus")
        text = f"The run {job.name} is in the terminal state {status} and cannot be canceled."
        raise ServiceError(400, "UserError", text, inner=inner)
    waiting = emulator.operations.pending(job.id)
    delay = state_transitions.delay(emulator.store, KIND)
    looks = state_transitions.AT_ONCE if delay == state_transitions.AT_ONCE else state_transitions.Delay(reads=2)
    operation = waiting or _operation(request, emulator, job, effect="none", held=True, wanted=looks)
    queue.cancel(emulator, job)
    return accepted(operation, 202)


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a job that has ended: 202 with Location."""
    job = _require(request, emulator)
    root = job_state.root_of(emulator, job)
    if root.body["status"] not in TERMINAL:
        raise ServiceError(409, "Conflict", f"Run {job.name} is {root.body['status']}; cancel it first.")
    operation = _operation(request, emulator, job, effect="none")
    runs.forget(emulator, root, keep_root=False)
    emulator.store.delete(job.id)
    return accepted(operation, 202)


def submit(
    emulator: Emulator,
    workspace: Resource,
    name: str,
    properties: Json,
    injected: list[InjectedFailure] | None = None,
) -> Resource:
    """A new job, checked, whoever makes it: a client, a schedule or an endpoint. Raises 400."""
    kind = _type_of(properties)
    if kind is JobType.PIPELINE:
        job_checks.check_pipeline(emulator, workspace, properties)
    if kind is JobType.COMMAND:
        job_checks.check_command(emulator, workspace, name, properties)
    if kind is JobType.SWEEP:
        trial = {"inputs": properties.get("inputs"), "computeId": properties.get("computeId")}
        job_checks.check_command(emulator, workspace, name, {**(properties.get("trial") or {}), **trial}, kind)
    if kind in (JobType.AUTO_ML, JobType.SPARK):
        job_checks.check_compute(emulator, workspace, name, properties, kind)
    return _create(emulator, workspace, name, kind, properties, injected)


def record(emulator: Emulator, workspace: Resource, name: str, properties: Json, reason: str) -> Resource:
    """A job that failed from the start because the emulator cannot do its work; `reason` says so."""
    whole = {"jobs": {}, "inputs": {}, "outputs": {}, "settings": {}, **properties}
    return _create(emulator, workspace, name, _type_of(properties), whole, refused=reason)


def _create(
    emulator: Emulator,
    workspace: Resource,
    name: str,
    kind: JobType,
    properties: Json,
    injected: list[InjectedFailure] | None = None,
    *,
    refused: str = "",
) -> Resource:
    completed = job_answers.completed(workspace, name, properties)
    failing = {"_injected_failure": asdict(injected.pop())} if injected and not refused else {}
    body = {"properties": completed, "systemData": arm.system_data(emulator.clock), **failing}
    job = emulator.store.put(f"{workspace.id}/{KIND}/{name}", body, parent=workspace.id, kind=KIND, name=name)
    root = runs.create(
        emulator,
        workspace.id,
        name,
        experiment=completed["experimentName"],
        kind=kind.run_kind,
        display_name=completed["displayName"],
        description=properties.get("description"),
        tags=run_labels.run_tags(properties, workspace.id),
        properties=run_labels.run_properties(properties, workspace.id, name),
        hidden=bool(properties.get("isArchived")),
        compute=compute.name_of(properties["computeId"]) if properties.get("computeId") else None,
    )
    if not refused:
        queue.enqueue(emulator, job.id)
    else:
        runs.log(emulator, root, f"{refused}\n")
        runs.change(emulator, root, status=RunStatus.FAILED, error=failure.of_step("NotEmulated", refused))
    return job


def _change(emulator: Emulator, job: Resource, stated: Json) -> Resource:
    """Names and archiving are replaced; tags and properties are added to, for nothing takes them away again."""
    root = job_state.root_of(emulator, job)
    values: dict[str, Any] = {}
    if stated.get("displayName"):
        values["display_name"] = str(stated["displayName"])
    if "description" in stated:
        values["description"] = stated["description"]
    if "isArchived" in stated:
        values["hidden"] = bool(stated["isArchived"])
    root = runs.change(emulator, root, **values)
    for field in ("tags", "properties"):
        root = runs.merge(emulator, root, field, stated.get(field) or {})
    emulator.store.update(job.id, {**job.body, "systemData": arm.system_data(emulator.clock, job)})
    found = emulator.store.get(job.id)
    assert found is not None
    return found


def _show(emulator: Emulator, job: Resource) -> Json:
    shown, run = arm.envelope(job, TYPE_PATH), job_state.root_of(emulator, job).body
    stated = Job.read(job)
    live = {
        "status": run["status"],
        "tags": run["tags"],
        "displayName": run.get("display_name"),
        "description": run["description"],
        "isArchived": run["hidden"],
        "properties": {**run["properties"], **job_answers.when_it_ran(stated.type, run)},
        "outputs": job_answers.outputs_shown(stated),
        "services": job_answers.on_page(stated.stated.get("services") or {}, emulator.page),
    }
    return {**shown, "properties": {**stated.stated, **live}, "systemData": _created(shown["systemData"])}


def _created(system_data: Json) -> Json:
    """Of a job the service says who made it and when, and not who changed it."""
    return {key: value for key, value in system_data.items() if key.startswith("created")}


def _require(request: Request, emulator: Emulator) -> Resource:
    workspace = scope.require(request, emulator)
    name = request.params["name"]
    found = emulator.store.get(f"{workspace.id}/{KIND}/{name}")
    if found is None:
        worded = ("Job {jobId} not found.", {"jobId": name})
        inner = ("NotFound", "JobNotFound")
        raise ServiceError(404, "UserError", f"Job {name} not found.", inner=inner, worded=worded)
    return found


def _operation(request: Request, emulator: Emulator, job: Resource, **options: Any) -> Any:
    workspace = scope.require(request, emulator)
    location = scope.location(workspace)
    return emulator.operations.start(job.id, KIND, request=request, location=location, **options)


def _type_of(stated: Json) -> JobType:
    kind = str(stated.get("jobType") or "")
    if kind not in list(JobType):
        text = f"The field jobType is required, one of {', '.join(JobType)}; it is {kind!r}."
        raise bad_request(text, code="UserError", target="properties.jobType")
    return JobType(kind)


def _pairs(text: str) -> dict[str, str | None]:
    """`name=value,name` as a filter writes it; without a value, any fits."""
    parts = [part.partition("=") for part in text.split(",") if part]
    return {name.strip(): value if sign else None for name, sign, value in parts}


def _has(stated: dict[str, str], wanted: dict[str, str | None]) -> bool:
    return all(name in stated and value in (None, stated[name]) for name, value in wanted.items())
