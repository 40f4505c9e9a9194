"""Deployments of templates to Azure Resource Manager, and the providers and groups that they need.

Source: Microsoft.Resources deployments, resource groups and providers (REST specification).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops.azure import at_once, bulk
from mlops.azure.workspace import Workspace

DEPLOYMENTS_API, GROUPS_API, PROVIDERS_API = "2022-09-01", "2021-04-01", "2021-04-01"
LOCKS_API = "2020-05-01"
REGISTERED = "Registered"
Deployment = Mapping[str, Any]


@dataclass(frozen=True)
class Predicted:
    """What a deployment would do to one resource; `properties` are those that it would change, with both values."""

    change: str  # Create, Modify, Delete, Deploy, NoChange, Ignore or Unsupported, in ARM's words
    id: str
    properties: tuple[tuple[str, str, str], ...] = ()


def tenant(workspace: Workspace, subscription: str) -> str:
    """The tenant that a subscription belongs to."""
    url = f"{workspace.cloud.arm}/subscriptions/{subscription}?api-version=2022-12-01"
    return str(workspace.send("GET", url, f"read the subscription {subscription}").json()["tenantId"])


def unregistered(workspace: Workspace, subscription: str, namespaces: Iterable[str]) -> list[str]:
    """The providers of these that the subscription may not use yet."""
    found = []
    for name in namespaces:
        url = f"{workspace.cloud.arm}/subscriptions/{subscription}/providers/{name}?api-version={PROVIDERS_API}"
        if workspace.send("GET", url, f"look at the provider {name}").json().get("registrationState") != REGISTERED:
            found.append(name)
    return found


def register(workspace: Workspace, subscription: str, namespace: str) -> None:
    """Ask for a provider to be registered, which takes a minute or more."""
    url = (
        f"{workspace.cloud.arm}/subscriptions/{subscription}/providers/{namespace}/register?api-version={PROVIDERS_API}"
    )
    workspace.send("POST", url, f"register the provider {namespace}")


def group(workspace: Workspace, id: str) -> dict[str, Any] | None:
    """A resource group, or None."""
    return workspace.look(f"{workspace.cloud.arm}{id}?api-version={GROUPS_API}", "look at the resource group")


def make_group(workspace: Workspace, id: str, location: str, tags: Mapping[str, str]) -> None:
    """Make a resource group."""
    body = {"location": location, "tags": dict(tags)}
    workspace.send("PUT", f"{workspace.cloud.arm}{id}?api-version={GROUPS_API}", "make the resource group", json=body)


def held_by(workspace: Workspace, group: str) -> dict[str, dict[str, str]]:
    """The resources of a group by id in lower case, each with its tags."""
    url = f"{workspace.cloud.arm}{group}/resources?api-version={GROUPS_API}"
    found = bulk.pages(workspace, url, "list the resource group")
    return {str(one["id"]).lower(): dict(one.get("tags") or {}) for one in found}


def locks(workspace: Workspace, group: str) -> list[str]:
    """The ids of the locks on a group, and on what is in it."""
    url = f"{workspace.cloud.arm}{group}/providers/Microsoft.Authorization/locks?api-version={LOCKS_API}"
    return [str(one["id"]) for one in bulk.pages(workspace, url, "list the locks of the resource group")]


def deployment(workspace: Workspace, place: str, name: str) -> Deployment | None:
    """A deployment to a group or a subscription, or None."""
    return workspace.look(_url(workspace, place, name), f"look at the deployment {name}")


def deploy(
    workspace: Workspace,
    place: str,
    name: str,
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    tags: Mapping[str, str],
    location: str,
) -> None:
    """Deploy a template and wait for the end. `location` is where a deployment to a subscription is kept."""
    body = {**_body(place, template, parameters, location), "tags": dict(tags)}
    workspace.change("PUT", _url(workspace, place, name), f"deploy {name}", json=body)


def what_if(
    workspace: Workspace,
    place: str,
    name: str,
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    location: str,
) -> tuple[Predicted, ...]:
    """What a deployment would change. It changes nothing, and ARM takes some seconds for it."""
    body = _body(place, template, parameters, location)
    body["properties"]["whatIfSettings"] = {"resultFormat": "FullResourcePayloads"}
    url = _url(workspace, place, name).replace("?", "/whatIf?")
    found = workspace.worked_out("POST", url, f"ask what {name} would change", json=body)
    changes = (found.get("properties") or {}).get("changes") or ()
    return tuple(
        Predicted(str(one["changeType"]), str(one.get("resourceId") or ""), tuple(_differences(one.get("delta") or ())))
        for one in changes
    )


def succeeded(found: Deployment) -> bool:
    """Whether a deployment came to its end."""
    return bool(found["properties"].get("provisioningState") == "Succeeded")


def made(found: Deployment) -> list[str]:
    """The ids of what a deployment made, in their order."""
    return [str(one["id"]) for one in found["properties"].get("outputResources") or ()]


def outputs(found: Deployment) -> dict[str, str]:
    """What a deployment says of what it made."""
    stated = found["properties"].get("outputs") or {}
    return {name: str(one["value"]) for name, one in stated.items()}


def parameter(found: Deployment, name: str) -> str:
    """What a deployment was given for a parameter; empty where nothing."""
    stated = found["properties"].get("parameters") or {}
    return str((stated.get(name) or {}).get("value") or "")


def api_versions(template: Mapping[str, Any]) -> dict[str, str]:
    """The version of the interface of each type in a template, by the type in lower case."""
    return {str(one["type"]).lower(): str(one["apiVersion"]) for one in template["resources"]}


def type_of(id: str) -> str:
    """The type of a resource, in lower case."""
    provider, *rest = id.rpartition("/providers/")[2].split("/")
    return "/".join([provider, *rest[::2]]).lower()


def last_first(ids: Iterable[str]) -> list[str]:
    """The order in which resources go: who may do what, then parts before wholes, a workspace before what it stands on.

    ARM lists what a deployment made in no order that it promises.
    """

    def rank(id: str) -> tuple[bool, bool, int, bool]:
        kind = type_of(id)
        return (
            kind == "microsoft.authorization/roledefinitions",  # it may not go before the assignments of it
            not kind.startswith("microsoft.authorization/"),
            -kind.count("/"),
            not kind.startswith("microsoft.machinelearningservices/"),
        )

    return sorted(ids, key=rank)


def gone(workspace: Workspace, versions: Mapping[str, str]) -> list[str]:
    """Those of these ids, each with the version of its interface, that nothing is at any more."""

    def missing(id: str) -> bool:
        return workspace.look(f"{workspace.cloud.arm}{id}?api-version={versions[id]}", f"look at {id}") is None

    lost = at_once.each(missing, versions)
    return [id for id, is_lost in zip(versions, lost, strict=True) if is_lost]


def remove(workspace: Workspace, id: str, api_version: str) -> None:
    """Delete a resource and wait for the end; one that is gone already is fine."""
    url = f"{workspace.cloud.arm}{id}?api-version={api_version}"
    whole = "&underlyingResourceAction=Delete" if type_of(id).endswith("/workspaces/computes") else ""
    if workspace.look(url, f"look at {id}") is not None:
        workspace.change("DELETE", f"{url}{whole}", f"delete {id}")


def remove_group(workspace: Workspace, id: str) -> None:
    """Delete a resource group."""
    workspace.change("DELETE", f"{workspace.cloud.arm}{id}?api-version={GROUPS_API}", "delete the resource group")


def forget(workspace: Workspace, place: str, name: str) -> None:
    """Delete the record of a deployment, and nothing of what it made."""
    workspace.change("DELETE", _url(workspace, place, name), f"forget the deployment {name}")


def _body(place: str, template: Mapping[str, Any], parameters: Mapping[str, Any], location: str) -> dict[str, Any]:
    given = {key: {"value": value} for key, value in parameters.items()}
    stated: dict[str, Any] = {"mode": "Incremental", "template": dict(template), "parameters": given}
    return {"properties": stated, **({} if "/resourceGroups/" in place else {"location": location})}


def _differences(delta: Iterable[Mapping[str, Any]], above: str = "") -> Iterator[tuple[str, str, str]]:
    """Each property that changes, with its value before and after; those of a list by their place in it."""
    for one in delta:
        path = f"{above}.{one['path']}".strip(".")
        if one.get("children"):
            yield from _differences(one["children"], path)
        elif one.get("propertyChangeType") != "NoEffect":
            yield path, _short(one.get("before")), _short(one.get("after"))


def _short(value: object) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)


def _url(workspace: Workspace, place: str, name: str) -> str:
    at = f"{workspace.cloud.arm}{place}/providers/Microsoft.Resources/deployments/{name}"
    return f"{at}?api-version={DEPLOYMENTS_API}"
