"""The control surface's calls on faults: add a rule, see what was met, take rules away.

It must not carry them out (`azureml_emulator.core.faults`).
"""

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.faults import rule, text
from azureml_emulator.core.faults.registry import Entry
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET every rule in order, with its hits, and whether all were met."""
    entries = emulator.faults.entries
    return Reply(200, {"faults": [one.show() for one in entries], "met": all(one.met for one in entries)})


def add(request: Request, emulator: Emulator) -> Reply:
    """POST a rule: its fields, or `{"rule": "jobs.create: 429 twice"}`."""
    body = request.json()
    made = text.parse(str(body["rule"])) if set(body) == {"rule"} else rule.from_json(body)
    checked = rule.check(made, emulator.route_names)
    return Reply(201, emulator.faults.add(checked).show())


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one rule with its hits."""
    return Reply(200, _require(request, emulator).show())


def remove(request: Request, emulator: Emulator) -> Reply:
    """DELETE one rule."""
    emulator.faults.remove(_require(request, emulator))
    return Reply(204)


def remove_all(request: Request, emulator: Emulator) -> Reply:
    """DELETE all rules."""
    emulator.faults.remove()
    return Reply(204)


def _require(request: Request, emulator: Emulator) -> Entry:
    number = request.params["id"]
    found = emulator.faults.find(int(number)) if number.isdecimal() else None
    if found is None:
        raise ServiceError(404, "NotFound", f"There is no fault {number}.")
    return found
