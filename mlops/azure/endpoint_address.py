"""Where managed online endpoints are: in ARM, in the studio, and for callers, with what those show to be answered."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mlops.azure.failures import translated
from mlops.azure.workspace import Workspace

API = "2024-10-01"
AUTH_MODES = {"Key": "key", "AMLToken": "aml_token", "AADToken": "aad_token"}  # the service's word: the SDK's


def url(workspace: Workspace, name: str) -> str:
    """In ARM."""
    return f"{workspace.url}/onlineEndpoints/{name}?api-version={API}"


def studio_url(workspace: Workspace, endpoint: str) -> str:
    """The endpoint's page in the studio, for people; the scoring URI answers only POST."""
    # encoded as a query should be; so it is no resource id either, which an output of a job must not be
    return f"{workspace.cloud.ml}/endpoints/realtime/{endpoint}/detail?wsid={quote(workspace.id, safe='')}"


def scoring(workspace: Workspace, name: str) -> tuple[str, str]:
    """Where an endpoint answers, and how callers sign in, as it was observed last. Raises NotFound."""
    what = f"read the scoring address of {name}"
    return workspace.remembered(
        _answers_at(name), lambda: _scoring(workspace.send("GET", url(workspace, name), what).json()["properties"])
    )


def is_known(workspace: Workspace, name: str) -> bool:
    """Whether an endpoint was there when it was looked at last."""
    return workspace.known(_answers_at(name)) is not None


def keep(workspace: Workspace, name: str, shown: Mapping[str, Any]) -> None:
    """Remember what an endpoint that was looked at says of where it answers."""
    workspace.remember(_answers_at(name), _scoring(shown) if shown.get("scoringUri") else None)


def _scoring(shown: Mapping[str, Any]) -> tuple[str, str]:
    return str(shown["scoringUri"]), sign_in(shown)


def _answers_at(name: str) -> tuple[str, str]:
    return "scoring", name


def key(workspace: Workspace, name: str, auth_mode: str) -> str:
    """What a caller of the endpoint shows: its key, or a token that lives an hour."""
    what = f"read the keys of {name}"
    if auth_mode == "aad_token":
        with translated(what):
            return str(workspace.credential.get_token(f"{workspace.cloud.ml}/.default").token)
    action = "listKeys" if auth_mode == "key" else "token"
    address = f"{workspace.url}/onlineEndpoints/{name}/{action}?api-version={API}"
    given = workspace.send("POST", address, what).json()
    return str(given.get("primaryKey") or given.get("accessToken") or "")


def sign_in(shown: Mapping[str, Any]) -> str:
    """How its callers sign in, in the SDK's word."""
    stated = str(shown.get("authMode") or "")
    return AUTH_MODES.get(stated, stated.lower())


def identity(found: dict[str, Any]) -> dict[str, Any]:
    """Who an endpoint is, as a PUT takes it: without what the service adds."""
    stated = found.get("identity") or {}
    named = stated.get("userAssignedIdentities")
    return {"type": stated.get("type") or "SystemAssigned"} | (
        {"userAssignedIdentities": {id: {} for id in named}} if named else {}
    )
