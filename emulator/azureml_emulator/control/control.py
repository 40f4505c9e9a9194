"""The emulator's own surface, on a plain loopback port: is it up, what time is it, move the clock, set a delay.

It is no part of Azure: nothing of the product may call it but the rehearsal and the emulator's command line.
"""

import re

from azureml_emulator.core import state_transitions
from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra.assignments import Access
from azureml_emulator.services.workspaces import subscription_lists

LATEST = 100 * 365 * 86_400.0  # of one move of the clock, seconds
# what may be set besides delays and quotas, and the form of a value
SETTINGS = {
    "arm.deployments": "polled|answered",  # how a client hears of the end of a template's; default polled
    "arm.throttling": "on|off",  # Azure Resource Manager's token buckets; default off
    "code.python": r"/.+",  # the Python that runs commands of jobs and scoring scripts; default the emulator's own
    "entra.token_seconds": r"[1-9]\d*",  # how long an access token is good; default 3599
    "github.token_seconds": r"[1-9]\d*",  # how long a workflow's OIDC token is good; default 300
    "github.subject": "classic|immutable",  # the form of its subject; default classic
    "metrics.lag_seconds": r"\d+(\.\d+)?",  # how late MLflow shows the metrics of a run; default 0
    "monitor.lag_seconds": r"\d+(\.\d+)?",  # how late Azure Monitor shows requests; default 180
    "operations.retry_after_ms": r"[1-9]\d*",  # how soon a client may ask again; default a second, in `Retry-After`
    **{subscription_lists.setting(one): "Registered|NotRegistered" for one in subscription_lists.NAMESPACES},
    "scoring.stack": "mlflow|foundation-model-inference",  # who serves every model; default: what the model asks for
    "subscription.state": "Enabled|Warned|PastDue|Disabled|Deleted",  # default Enabled
}


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
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < LATEST:
        raise bad_request("advance_seconds must be a number of seconds, 0 or more; the clock does not go back.")
    emulator.clock.advance(float(seconds))
    return Reply(200, {"now": emulator.clock.stamp()})


def set_setting(request: Request, emulator: Emulator) -> Reply:
    """PUT {"value": "..."} for one of `SETTINGS`; an empty value is the default again."""
    name, value = request.params["name"], str(request.json().get("value", ""))
    if name not in SETTINGS:
        raise bad_request(f"There is no setting {name!r}; there are {', '.join(SETTINGS)}.")
    if value and not re.fullmatch(SETTINGS[name], value):
        raise bad_request(f"{value!r} is no value for {name}; it must match {SETTINGS[name]}.")
    if value:
        emulator.store.set_setting(name, value)
    else:
        emulator.store.forget_setting(name)
    return Reply(200, {"name": name, "value": value})


def access(request: Request, emulator: Emulator) -> Reply:
    """GET who may sign in and do what; PUT `federated_credentials`, `role_assignments` or both. Lists replace lists."""
    if request.method == "PUT":
        emulator.part(Access).state(request.json())
    return Reply(200, emulator.part(Access).show())


def set_delay(request: Request, emulator: Emulator) -> Reply:
    """PUT {"delay": "3 reads, 40 s"} for a kind of resource."""
    wanted = state_transitions.set_delay(emulator.store, request.params["kind"], str(request.json().get("delay", "")))
    return Reply(200, {"kind": request.params["kind"], "delay": wanted.text})
