"""The subscription and the identity that asks: its state, its providers, what the caller may do, who the caller is."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from mlops import clock, jsons
from mlops.azure import bulk
from mlops.azure.failures import translated
from mlops.azure.workspace import Workspace
from mlops.domain.release.access import Permission

RESOURCES_API = "2021-04-01"
SUBSCRIPTION_API = "2022-12-01"
METADATA_API = "2019-05-01"
PERMISSIONS_API = "2022-04-01"
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


@dataclass(frozen=True)
class Caller:
    """Who asks, as the token says it: a person's name or an application, its object, and its tenant."""

    name: str
    object: str
    tenant: str


def caller(workspace: Workspace) -> Caller:
    """Whom the token for ARM is about. Raises our failures where there is none."""
    with translated("sign in"):
        token = workspace.credential.get_token(f"{workspace.cloud.arm}/.default").token
    claims = _claims(token)
    name = next((str(claims[key]) for key in ("upn", "unique_name", "appid", "azp") if claims.get(key)), "unknown")
    return Caller(name, str(claims.get("oid") or ""), str(claims.get("tid") or ""))


def state(workspace: Workspace) -> str:
    """The state of the subscription, such as Enabled, in Azure's words."""
    url = f"{_scope(workspace)}?api-version={SUBSCRIPTION_API}"
    return str(workspace.send("GET", url, "read the subscription").json().get("state") or "")


def providers(workspace: Workspace) -> Mapping[str, str]:
    """Resource provider, in lower case -> whether it is registered, in Azure's words."""
    url = f"{_scope(workspace)}/providers?api-version={RESOURCES_API}"
    found = bulk.pages(workspace, url, "list the resource providers")
    return {str(one.get("namespace")).lower(): str(one.get("registrationState")) for one in found}


def permissions(workspace: Workspace, scope: str) -> tuple[Permission, ...]:
    """What the caller may do at a scope: one entry for each role that reaches there."""
    url = f"{workspace.cloud.arm}{scope}/providers/Microsoft.Authorization/permissions?api-version={PERMISSIONS_API}"
    what = f"list what this identity may do at {scope.rpartition('/')[2]}"
    lists = ("actions", "notActions", "dataActions", "notDataActions")
    found = bulk.pages(workspace, url, what)
    return tuple(Permission(*(tuple(one.get(name) or ()) for name in lists)) for one in found)


def other_hosts(workspace: Workspace) -> str:
    """Where the cloud's own metadata names other hosts than we use; empty where they agree, or it is silent."""
    cloud = workspace.cloud
    found = workspace.send("GET", f"{cloud.arm}/metadata/endpoints?api-version={METADATA_API}", "read its hosts").json()
    entry = next((one for one in found if one.get("name") == cloud.name), None) if isinstance(found, list) else found
    stated = (
        ((entry or {}).get("resourceManager"), cloud.arm),
        (((entry or {}).get("authentication") or {}).get("loginEndpoint"), cloud.login),
        (((entry or {}).get("suffixes") or {}).get("storage"), cloud.storage),
    )
    return ", ".join(f"{said}, not {ours}" for said, ours in stated if said and str(said).rstrip("/") != ours)


def endpoints(workspace: Workspace) -> tuple[tuple[str, str, str], ...]:
    """Name, region and id, in lower case, of every online endpoint of the subscription."""
    query = urlencode({"api-version": RESOURCES_API, "$filter": f"resourceType eq '{ENDPOINTS}'"})
    found = bulk.pages(workspace, f"{_scope(workspace)}/resources?{query}", "list the endpoints of the subscription")
    parts = ((str(one["id"]).lower(), str(one.get("location") or "").lower()) for one in found)
    return tuple((id.rpartition("/")[2], location, id) for id, location in parts)


def clock_ahead(workspace: Workspace) -> float:
    """Seconds that this machine's clock is ahead of the service's."""
    return (clock.now() - workspace.now()).total_seconds()


def _scope(workspace: Workspace) -> str:
    return f"{workspace.cloud.arm}/subscriptions/{workspace.subscription_id}"


def _claims(token: str) -> dict[str, object]:
    """The claims of a token, as it states them; nothing for one of another form."""
    body = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        found = jsons.read(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)) or b"{}")
    except ValueError:
        return {}
    return dict(found) if isinstance(found, dict) else {}
