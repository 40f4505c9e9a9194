"""The emulator's own surface, on a plain loopback port: is it up, what time is it, move the clock, set a pace.

It is no part of Azure: nothing of the product may call it but the rehearsal and the emulator's command line.
"""

from mlops.emulator import lifecycle
from mlops.emulator.errors import bad_request
from mlops.emulator.request import Reply, Request
from mlops.emulator.state import Emulator


def status(request: Request, emulator: Emulator) -> Reply:
    """What is held, by kind, and the time."""
    rows = emulator.store.database.execute(
        "SELECT kind, COUNT(*) FROM resources GROUP BY kind ORDER BY kind"
    ).fetchall()
    return Reply(
        200, {"now": emulator.clock.stamp(), "offset_seconds": emulator.clock.offset(), "resources": dict(rows)}
    )


def move_clock(request: Request, emulator: Emulator) -> Reply:
    """POST {"advance_seconds": N}: go forward."""
    seconds = request.json().get("advance_seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
        raise bad_request("advance_seconds must be a number of seconds, 0 or more; the clock does not go back.")
    emulator.clock.advance(float(seconds))
    return Reply(200, {"now": emulator.clock.stamp()})


def set_pace(request: Request, emulator: Emulator) -> Reply:
    """PUT {"pace": "3 reads, 40 s"} for a kind of resource."""
    wanted = lifecycle.set_pace(emulator.store, request.params["kind"], str(request.json().get("pace", "")))
    return Reply(200, {"kind": request.params["kind"], "pace": wanted.text})
