"""What all Azure Resource Manager resources share: ids, the envelope, system data, paging.

It must not know a kind of resource.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

from azureml_emulator.core import defaults
from azureml_emulator.core.clock import Clock
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.store import Resource

HOST = "management.azure.com"
PROVIDER = "Microsoft.MachineLearningServices"
Item = TypeVar("Item")
AFTER = "s"  # a token that names a place, not a number to skip
PAGE = 30  # items a page when the client asks for no other number


def workspace_id(request: Request) -> str:
    """The ARM id of the workspace in a route with {sub}, {rg} and {ws}."""
    p = request.params
    return f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}/providers/{PROVIDER}/workspaces/{p['ws']}"


def default_workspace_id() -> str:
    """The ARM id of the workspace that a fresh emulator holds."""
    return (
        f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/{defaults.RESOURCE_GROUP}"
        f"/providers/{PROVIDER}/workspaces/{defaults.WORKSPACE}"
    )


def envelope(resource: Resource, type_path: str) -> dict[str, Any]:
    """The resource as ARM shows it: id, name, type, then its body (location, tags, properties, systemData...).

    What a body keeps under a name with a leading underscore is the emulator's own and not shown.
    """
    return shown(resource.id, resource.name, resource.body, type_path)


def shown(id: str, name: str, body: dict[str, Any], type_path: str) -> dict[str, Any]:
    """A body in ARM's envelope."""
    visible = {key: value for key, value in body.items() if not key.startswith("_")}
    return {"id": id, "name": name, "type": f"{PROVIDER}/{type_path}", **visible}


def system_data(clock: Clock, before: Resource | None = None) -> dict[str, Any]:
    """Who created and changed it and when; creation is kept from the resource that is replaced."""
    return changed_again(clock, (before.body.get("systemData") or {}) if before else {})


def changed_again(clock: Clock, earlier: dict[str, Any]) -> dict[str, Any]:
    """The system data after a change of what had `earlier`."""
    now, who = clock.stamp(), {"name": "emulator", "type": "Application"}
    return {
        "createdAt": earlier.get("createdAt", now),
        "createdBy": earlier.get("createdBy", who["name"]),
        "createdByType": earlier.get("createdByType", who["type"]),
        "lastModifiedAt": now,
        "lastModifiedBy": who["name"],
        "lastModifiedByType": who["type"],
    }


def without_changer(system_data: dict[str, Any]) -> dict[str, Any]:
    """System data as the service shows it of what it wrote itself: when it was changed last, and not by whom."""
    return {key: value for key, value in system_data.items() if not key.startswith("lastModifiedBy")}


def of_endpoint(system_data: dict[str, Any]) -> dict[str, Any]:
    """System data as the service shows it of endpoints and deployments: who created it, and when it was changed."""
    return {key: system_data[key] for key in ("createdAt", "createdBy", "lastModifiedAt") if key in system_data}


def after(request: Request) -> int | None:
    """The sequence after which a listing goes on, from `$skipToken`; None at its beginning."""
    token = request.query.get("$skipToken", "")
    return int(token.removeprefix(AFTER)) if token.startswith(AFTER) and token[1:].isdecimal() else None


def stored_page(request: Request, items: Iterable[Resource], show: Callable[[Resource], dict[str, Any]]) -> Reply:
    """One page of a listing that began where `after` says; its next link names the last item of the page."""
    return page(request, items, show, mark=lambda item: f"$skipToken={AFTER}{item.sequence}")


def page(
    request: Request,
    items: Iterable[Item],
    show: Callable[[Item], dict[str, Any]],
    *,
    mark: Callable[[Item], str] | None = None,
) -> Reply:
    """One page of a listing: `{value, nextLink}`. `$top`, `count` and `$skip`/`$skipToken` come from the query.

    `mark` gives what the next link says about where to go on after an item, instead of a number to skip; such a listing
    goes on after `$top` items too, as recorded.
    """
    query = request.query
    size = _number(query.get("$top") or query.get("count"), PAGE)
    start = _number(query.get("$skip") or query.get("$skipToken"), 0)
    found = list(islice(items, start, start + size + 1))  # what comes after the page is not even read
    answer: dict[str, Any] = {"value": [show(item) for item in found[:size]]}
    if len(found) > size and (mark or "$top" not in query):
        kept = "&".join(
            f"{quote(k, safe='$')}={quote(v)}" for k, v in query.items() if k not in ("$skip", "$skipToken")
        )
        place = mark(found[size - 1]) if mark else f"$skip={start + size}"
        answer["nextLink"] = f"{request.url}?{kept}&{place}"
    return Reply(200, answer)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default
