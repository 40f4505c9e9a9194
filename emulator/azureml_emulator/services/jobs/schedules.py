"""Schedules: kept, triggered by hand, and due on the emulator's clock, when they make their job.

It must not run a job. After a jump of the clock a schedule is due once, for the last of the times that were passed.
Source: Microsoft.MachineLearningServices workspaces/schedules (ARM), and the SDK's `schedules.trigger`.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from azureml_emulator.core.clock import parse
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import cron, job_answers, jobs
from azureml_emulator.services.jobs.cron import BadTrigger
from azureml_emulator.services.jobs.job_resource import SCHEDULE, Job, JobType
from azureml_emulator.services.jobs.schedule_resource import LAST, Schedule, ScheduleAction
from azureml_emulator.services.workspaces import scope
from azureml_emulator.services.workspaces.records import Records

LOOK_SECONDS = 1.0
UNSAID: Json = dict.fromkeys(("hours", "minutes", "weekDays", "monthDays"))  # of a recurrence's pattern


class Schedules(Records):
    """Schedules of a workspace."""

    plural = "schedules"
    replaced = (201, "Creating")  # a schedule is made anew
    waits = False
    empty: ClassVar[Json] = {"description": None, "displayName": None, "tags": {}, "properties": {}, "isEnabled": True}
    secret = (LAST,)

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """An action and a trigger that can come are needed."""
        action, trigger = stated.get("action") or {}, stated.get("trigger") or {}
        if action.get("actionType") not in list(ScheduleAction):
            text = f"The actionType {action.get('actionType')!r} is not one of {', '.join(ScheduleAction)}."
            raise bad_request(text, code="UserError", target="action.actionType")
        if action["actionType"] == ScheduleAction.CREATE_JOB and not action.get("jobDefinition"):
            raise bad_request("The field jobDefinition is required.", code="UserError", target="action.jobDefinition")
        now = emulator.clock.now()
        try:
            cron.next_due(trigger, now, now)
        except (BadTrigger, TypeError, ValueError) as error:
            raise bad_request(f"The trigger is not valid: {error}.", code="UserError", target="trigger") from error
        last = Schedule.read(before).last_text if before else None
        return {
            **stated,
            "trigger": _written(trigger),
            LAST: last or emulator.clock.stamp(),
        }

    def put(self, request: Request, emulator: Emulator) -> Reply:
        """PUT one: nothing but its properties is answered, for it is still to be made."""
        reply = super().put(request, emulator)
        made = self.require(request, emulator)
        return Reply(reply.status, {"properties": self._properties(made, kept=False)}, reply.headers)

    def require(self, request: Request, emulator: Emulator) -> Resource:
        """The one that a route names. Raises the 404 of the service that keeps triggers."""
        try:
            return super().require(request, emulator)
        except ServiceError as error:
            if error.code != "ResourceNotFound" or emulator.store.get(scope.require(request, emulator).id) is None:
                raise
            text = f"The schedule {request.params['name']} was not found."
            raise ServiceError(404, "UserError", text, inner=("NotFound",)) from error

    def show(self, resource: Resource) -> Json:
        """As it is answered: without an id."""
        properties = self._properties(resource, kept=True)
        return {"name": resource.name, "properties": properties, "systemData": resource.body["systemData"]}

    def _properties(self, resource: Resource, *, kept: bool) -> Json:
        """Its properties; what the service adds to the stated ones it does when it is `kept`."""
        properties: Json = super().show(resource)["properties"]
        action, trigger = properties["action"], properties["trigger"]
        if definition := action.get("jobDefinition"):
            properties["action"] = {**action, "jobDefinition": job_answers.scheduled(definition, kept=kept)}
        if kept and not trigger.get("startTime"):  # it counts from the next minute
            begin = Schedule.read(resource).created.replace(second=0, microsecond=0) + timedelta(minutes=1)
            properties["trigger"] = {**trigger, "startTime": f"{begin:%Y-%m-%dT%H:%M:%S}"}
        if pattern := trigger.get("schedule"):
            properties["trigger"] = {**properties["trigger"], "schedule": {**UNSAID, **pattern}}
        return properties

    def selected(self, request: Request, found: Iterable[Resource]) -> Iterable[Resource]:
        """`listViewType`: EnabledOnly (the default), DisabledOnly or All."""
        view = request.query.get("listViewType", "EnabledOnly").lower()
        if view not in ("enabledonly", "disabledonly", "all"):
            raise bad_request(f"The value {view!r} is not valid for listViewType.", code="UserError")
        wanted = view == "enabledonly"
        return [one for one in found if view == "all" or Schedule.read(one).is_enabled == wanted]

    def check_deletion(self, emulator: Emulator, found: Resource) -> None:
        """One that is enabled has to be disabled first (how-to-schedule-pipeline-job). Raises 400."""
        if Schedule.read(found).is_enabled:
            text = f"Cannot delete an active trigger. Disable the schedule {found.name} first."
            raise bad_request(text, code="UserError", target="isEnabled")

    def trigger(self, request: Request, emulator: Emulator) -> Reply:
        """POST trigger: the job at once."""
        found = Schedule.read(self.require(request, emulator))
        at = str(request.json().get("scheduleTime") or emulator.clock.stamp())
        try:
            name = _fire(emulator, found, parse(at))
        except ValueError as error:
            raise bad_request(f"The schedule time {at[:40]!r} is no time.", code="UserError") from error
        return Reply(200, {"scheduleActionType": found.action.value, "submissionId": name})


def _written(trigger: Json) -> Json:
    """A trigger as it is kept: with an end, and the days of the week as the interface writes them."""
    pattern = trigger.get("schedule") or {}
    if days := pattern.get("weekDays"):
        trigger = {**trigger, "schedule": {**pattern, "weekDays": [str(day).capitalize() for day in days]}}
    return {"endTime": None, "startTime": None, **trigger}


SCHEDULES = Schedules()


async def keep_time(emulator: Emulator) -> None:
    """Make the jobs of schedules that are due, for as long as the server lives."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with emulator.transaction():
            for found in list(emulator.store.every(SCHEDULES.plural)):
                _look(emulator, Schedule.read(found))


def _look(emulator: Emulator, found: Schedule) -> None:
    now = emulator.clock.now()
    due = cron.next_due(found.trigger, found.last, found.created)
    if due is None or due > now or not found.is_enabled:
        return
    while (later := cron.next_due(found.trigger, due, found.created)) and later <= now:
        due = later
    found.met(due).save(emulator.store, SCHEDULES.plural)
    try:
        _fire(emulator, found, due)
    except ServiceError as error:
        with (emulator.folder / "emulator.log").open("a", encoding="utf-8") as log:
            log.write(f"schedule {found.name} of {due.isoformat()}: {error.message}\n")


def _fire(emulator: Emulator, found: Schedule, due: datetime) -> str:
    """Make the job of a schedule; its display name says the time that it is for, as in the service."""
    name = f"{found.name}-{due:%Y%m%dT%H%M%S}Z-{emulator.clock.now():%f}"
    workspace = emulator.store.get(found.parent)
    assert workspace is not None, "schedules go with their workspace"
    if found.action is not ScheduleAction.CREATE_JOB:
        reason = f"The emulator does not do the action {found.action} of a schedule."
        jobs.record(emulator, workspace, name, {"jobType": JobType.PIPELINE.value, **_named(found, due)}, reason)
        return name
    source = emulator.store.get(str(found.job.get("sourceJobId") or ""))
    base = {**(Job.read(source).stated if source else {}), **{key: v for key, v in found.job.items() if v}}
    jobs.submit(emulator, workspace, name, {**base, **_named(found, due)})
    return name


def _named(found: Schedule, due: datetime) -> Json:
    tags = {SCHEDULE: found.id, "azureml.scheduledTime": due.isoformat()}
    return {"displayName": f"{found.name}-{due:%Y%m%dT%H%M%S}Z", "properties": tags}
