"""Schedules: kept, triggered by hand, and due on the emulator's clock, when they make their job.

It must not run a job. After a jump of the clock a schedule is due once, for the last of the times that were passed.
Source: Microsoft.MachineLearningServices workspaces/schedules (ARM), and the SDK's `schedules.trigger`.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from azureml_emulator.core.clock import parse
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import cron, jobs
from azureml_emulator.services.jobs.cron import BadTrigger
from azureml_emulator.services.workspaces.records import Records

LOOK_SECONDS = 1.0
_LAST = "_last"  # in the properties: when it was due last
ACTIONS = ("CreateJob", "CreateMonitor", "ImportData", "InvokeBatchEndpoint")


class Schedules(Records):
    """Schedules of a workspace."""

    plural = "schedules"
    empty: ClassVar[Json] = {"description": None, "displayName": None, "tags": {}, "properties": {}, "isEnabled": True}
    secret = (_LAST,)

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """An action and a trigger that can come are needed."""
        action, trigger = stated.get("action") or {}, stated.get("trigger") or {}
        if action.get("actionType") not in ACTIONS:
            text = f"The actionType {action.get('actionType')!r} is not one of {', '.join(ACTIONS)}."
            raise bad_request(text, code="UserError", target="action.actionType")
        if action["actionType"] == "CreateJob" and not action.get("jobDefinition"):
            raise bad_request("The field jobDefinition is required.", code="UserError", target="action.jobDefinition")
        now = emulator.clock.now()
        try:
            cron.next_due(trigger, now, now)
        except (BadTrigger, TypeError, ValueError) as error:
            raise bad_request(f"The trigger is not valid: {error}.", code="UserError", target="trigger") from error
        last = before.body["properties"].get(_LAST) if before else None
        return {**stated, "trigger": {"endTime": None, **trigger}, _LAST: last or emulator.clock.stamp()}

    def selected(self, request: Request, found: Iterable[Resource]) -> Iterable[Resource]:
        """`listViewType`: EnabledOnly (the default), DisabledOnly or All."""
        view = request.query.get("listViewType", "EnabledOnly").lower()
        if view not in ("enabledonly", "disabledonly", "all"):
            raise bad_request(f"The value {view!r} is not valid for listViewType.", code="UserError")
        wanted = view == "enabledonly"
        return [one for one in found if view == "all" or bool(one.body["properties"]["isEnabled"]) == wanted]

    def trigger(self, request: Request, emulator: Emulator) -> Reply:
        """POST trigger: the job at once."""
        found = self.require(request, emulator)
        at = str(request.json().get("scheduleTime") or emulator.clock.stamp())
        name = _fire(emulator, found, parse(at))
        return Reply(
            200, {"scheduleActionType": found.body["properties"]["action"]["actionType"], "submissionId": name}
        )


SCHEDULES = Schedules()


async def keep_time(emulator: Emulator) -> None:
    """Make the jobs of schedules that are due, for as long as the server lives."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with emulator.transaction():
            for found in list(emulator.store.every(SCHEDULES.plural)):
                _look(emulator, found)


def _look(emulator: Emulator, found: Resource) -> None:
    properties, now = found.body["properties"], emulator.clock.now()
    created = parse(found.body["systemData"]["createdAt"])
    due = cron.next_due(properties["trigger"], parse(properties[_LAST]), created)
    if due is None or due > now or not properties["isEnabled"]:
        return
    while (later := cron.next_due(properties["trigger"], due, created)) and later <= now:
        due = later
    emulator.store.update(found.id, {**found.body, "properties": {**properties, _LAST: due.isoformat()}})
    try:
        _fire(emulator, found, due)
    except ServiceError as error:
        with (emulator.folder / "emulator.log").open("a", encoding="utf-8") as log:
            log.write(f"schedule {found.name} of {due.isoformat()}: {error.message}\n")


def _fire(emulator: Emulator, found: Resource, due: datetime) -> str:
    """Make the job of a schedule; its display name says the time that it is for, as in the service."""
    action = found.body["properties"]["action"]
    name = f"{found.name}-{due:%Y%m%dT%H%M%S}Z-{emulator.clock.now():%f}"
    workspace = emulator.store.get(found.parent)
    assert workspace is not None, "schedules go with their workspace"
    if action["actionType"] != "CreateJob":
        reason = f"The emulator does not do the action {action['actionType']} of a schedule."
        jobs.record(emulator, workspace, name, {"jobType": "Pipeline", **_named(found, due)}, reason)
        return name
    definition = action["jobDefinition"]
    source = emulator.store.get(str(definition.get("sourceJobId") or ""))
    base = {**(source.body["properties"] if source else {}), **{key: v for key, v in definition.items() if v}}
    jobs.submit(emulator, workspace, name, {**base, **_named(found, due)})
    return name


def _named(found: Resource, due: datetime) -> Json:
    tags = {"azureml.scheduleId": found.id, "azureml.scheduledTime": due.isoformat()}
    return {"displayName": f"{found.name}-{due:%Y%m%dT%H%M%S}Z", "properties": tags}
