"""The data plane of registries: discovery, and the models, components and environments of the system registry.

It must not let anybody write there: a system registry belongs to Microsoft. A team's own is `registry_assets`.
Source: the registry data plane as azure-ai-ml speaks it (2021-10-01-dataplanepreview).
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from azureml_emulator.catalog import components, curated, models
from azureml_emulator.core import arm, clouds, defaults
from azureml_emulator.core.errors import FeedError, ServiceError, bad_request, error_object
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.assets import registries
from azureml_emulator.services.assets.assets import DEFAULT_VERSION, view_of

NAMES = ("azureml",)


@dataclass(frozen=True)
class Item:
    """One version of any kind of asset, as it is listed."""

    name: str
    version: str
    created: str
    archived: bool
    properties: Callable[[], Json]


def discovery(request: Request, emulator: Emulator) -> Reply:
    """Where a registry is served, and who owns it. Raises 403: names are of all tenants, and others are somebody's."""
    wanted = request.params["registry"]
    own = registries.find(emulator, wanted)
    if own is None and request.headers.get("authorization") and wanted.lower() not in NAMES:
        text = "User/tenant/subscription is not allowed to access registry {feedName}"
        inner = ("Auth", "Authorization", "UnAuthorizedRegistryAccess")
        worded = (text, {"feedName": wanted})
        raise FeedError(403, "UserError", text.replace("{feedName}", wanted), inner=inner, worded=worded)
    name = own.name if own else _registry(request)
    home = (
        own.id.split("/") if own else ["", "", defaults.REGISTRY_SUBSCRIPTION_ID, "", defaults.REGISTRY_RESOURCE_GROUP]
    )
    primary = str(own.body["location"]) if own else clouds.location()
    regions = [str(one["location"]) for one in own.body["properties"]["regionDetails"]] if own else [primary]
    later = {"intellectualPropertyPublisher": None, "isTradeRestricted": False}  # than the calls without a version
    return Reply(
        200,
        {
            "registryId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"azureml://registries/{name.lower()}")),
            "registryName": name,
            "tenantId": defaults.TENANT_ID,
            "primaryRegion": primary,
            "regions": regions,
            "subscriptionId": home[2],
            "resourceGroup": home[4],
            "workspaceName": None,
            "primaryRegionResourceProviderUri": _host(primary),
            "registryFqdns": {region: {"uri": clouds.here(f"https://{region}.api.azureml.ms")} for region in regions},
            **(later if "api-version" in request.query else {}),
        },
    )


def _host(region: str) -> str:
    return clouds.here(f"https://cert-{region}.experiments.azureml.net/")


def list_containers(request: Request, emulator: Emulator) -> Reply:
    """GET the names of one kind of asset, those of archived ones only when asked for."""
    registry, kind = _registry(request), _kind(request)
    grouped: dict[str, list[Item]] = {}
    for item in _items(registry, kind):
        grouped.setdefault(item.name, []).append(item)
    chosen = [group for group in grouped.values() if _viewed(request, all(item.archived for item in group))]
    return arm.page(request, chosen, lambda group: _show_container(registry, kind, group))


def get_container(request: Request, emulator: Emulator) -> Reply:
    """GET one name with its latest version."""
    registry, kind = _registry(request), _kind(request)
    return Reply(200, _show_container(registry, kind, _of_name(request, registry, kind)))


def list_versions(request: Request, emulator: Emulator) -> Reply:
    """GET the versions of a name, newest first unless asked otherwise; archived ones only when asked for."""
    registry, kind = _registry(request), _kind(request)
    found = [item for item in _items(registry, kind) if item.name.lower() == request.params["name"].lower()]
    newest_first = "asc" not in request.query.get("$orderBy", "createdtime desc")
    ordered = sorted((item for item in found if _viewed(request, item.archived)), key=_age, reverse=newest_first)
    return arm.page(request, ordered, lambda item: _show(registry, kind, item))


def get_version(request: Request, emulator: Emulator) -> Reply:
    """GET one version, archived or not; of a component also the one that stands for none being named."""
    registry, kind = _registry(request), _kind(request)
    wanted = request.params["version"]
    if wanted == DEFAULT_VERSION and kind == "components":
        active = [item for item in _of_name(request, registry, kind) if not item.archived]
        if active:
            return Reply(200, _show(registry, kind, max(active, key=_age)))
    every = _of_name(request, registry, kind)
    found = next((item for item in every if item.version == wanted), None)
    if found is None and kind == "environments":
        found = curated.earlier(every, wanted)
    if found is None:
        raise _missing(registry, kind, f"{request.params['name']}:{wanted}")
    return Reply(200, _show(registry, kind, found))


def get_label(request: Request, emulator: Emulator) -> Reply:
    """GET what `latest` stands for: the newest version that is not archived."""
    registry, kind = _registry(request), _kind(request)
    active = [item for item in _of_name(request, registry, kind) if not item.archived]
    if request.params["label"] != "latest" or not active:
        raise _missing(registry, kind, f"{request.params['name']}@{request.params['label']}")
    return Reply(200, _show(registry, kind, max(active, key=_age)))


def refuse(request: Request, emulator: Emulator) -> Reply:
    """Any write: 403 as for everybody who is not the publisher."""
    registry = _registry(request)
    action = f"{arm.PROVIDER}/registries/assets/write"
    raise ServiceError(
        403,
        "UserError",
        f"The client '{defaults.OBJECT_ID}' with object id '{defaults.OBJECT_ID}' does not have authorization to "
        f"perform action '{action}' over scope '/registries/{registry}'.",
        details=[error_object("AuthorizationFailed", f"Write access to the registry {registry} is denied.")],
    )


def _registry(request: Request) -> str:
    if not request.headers.get("authorization"):
        raise ServiceError(401, "UserError", "No authentication token was provided.")
    wanted = request.params["registry"]
    found = next((name for name in NAMES if name.lower() == wanted.lower()), None)
    if found is None:
        raise ServiceError(
            404, "UserError", f"Could not find registry {wanted}.", details=[error_object("RegistryNotFound", wanted)]
        )
    return found


def _kind(request: Request) -> str:
    kind = request.params["kind"].lower()
    if kind not in ("models", "components", "environments", "data", "codes"):
        raise bad_request(f"Unknown kind of asset {request.params['kind']!r}.", code="UserError")
    return kind


def _items(registry: str, kind: str) -> list[Item]:
    if kind == "models":
        return [
            Item(model.name, model.version, model.created, model.archived, model.rest)
            for model in models.every(registry)
        ]
    if kind == "components":
        return [
            Item(part.name, part.version, part.created, False, _component(part)) for part in components.every(registry)
        ]
    return _environments() if kind == "environments" else []


def _component(component: components.Component) -> Callable[[], Json]:
    return lambda: {
        "description": component.description,
        "tags": {},
        "properties": {},
        "isArchived": False,
        "isAnonymous": False,
        "componentSpec": component.spec(),
        "provisioningState": "Succeeded",
        "stage": None,
    }


@cache
def _environments() -> list[Item]:
    every = curated.of_registry()
    return [Item(one.name, one.version, one.created, False, one.properties) for one in every]


def _of_name(request: Request, registry: str, kind: str) -> list[Item]:
    found = [item for item in _items(registry, kind) if item.name.lower() == request.params["name"].lower()]
    if not found:
        raise _missing(registry, kind, request.params["name"])
    return found


def _missing(registry: str, kind: str, wanted: str) -> ServiceError:
    word = kind.rstrip("s").title()
    detail = error_object(f"{word}NotFound", f"{word} {wanted} was not found in registry {registry}.")
    return ServiceError(404, "UserError", "The specified resource was not found.", details=[detail])


def _viewed(request: Request, archived: bool) -> bool:
    view = view_of(request)
    return view == "all" or archived == (view == "archivedonly")


def _age(item: Item) -> tuple[str, list[int]]:
    return item.created, [int(part) for part in item.version.split(".") if part.isdecimal()]


def _show(registry: str, kind: str, item: Item) -> Json:
    return {
        "id": f"azureml://registries/{registry}/{kind}/{item.name}/versions/{item.version}",
        "name": item.version,
        "type": f"{arm.PROVIDER}/registries/{kind}/versions",
        "properties": item.properties(),
        "systemData": _published(item.created),
    }


def _show_container(registry: str, kind: str, group: Iterable[Item]) -> Json:
    ordered = sorted(group, key=_age)
    latest = ordered[-1]
    numbers = [int(item.version) for item in ordered if item.version.isdecimal()]
    return {
        "id": f"azureml://registries/{registry}/{kind}/{latest.name}",
        "name": latest.name,
        "type": f"{arm.PROVIDER}/registries/{kind}",
        "properties": {
            "description": latest.properties()["description"],
            "tags": {},
            "properties": {},
            "isArchived": all(item.archived for item in ordered),
            "latestVersion": latest.version,
            "nextVersion": str(max(numbers) + 1) if numbers else None,
        },
        "systemData": _published(ordered[0].created),
    }


def _published(created: str) -> Json:
    who = {
        "createdBy": "Microsoft",
        "createdByType": "User",
        "lastModifiedBy": "Microsoft",
        "lastModifiedByType": "User",
    }
    return {"createdAt": created, "lastModifiedAt": created, **who}
