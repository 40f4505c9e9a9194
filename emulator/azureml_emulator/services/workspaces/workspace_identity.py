"""As whom a workspace acts: its own identity, and those that were given to it.

Source: ManagedServiceIdentity of Microsoft.MachineLearningServices (REST specification).
"""

import uuid

from azureml_emulator.core import defaults
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra.tokens import object_id

_KINDS = {kind.lower(): kind for kind in ("None", "SystemAssigned", "UserAssigned")}  # whatever their case in a call


def identity(emulator: Emulator, id: str, stated: Json | None) -> Json:
    """Its own identity, and who the identities are that were given to it."""
    principal = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{id.lower()}/identity"))
    found = {"type": "SystemAssigned", **(stated or {}), "principalId": principal, "tenantId": defaults.TENANT_ID}
    kinds = [kind.strip() for kind in str(found["type"]).split(",")]
    found["type"] = ",".join(_KINDS.get(kind.lower(), kind) for kind in kinds)
    if given := found.get("userAssignedIdentities"):
        found["userAssignedIdentities"] = {one: _known(emulator, one, said or {}) for one, said in given.items()}
    return found


def _known(emulator: Emulator, id: str, stated: Json) -> Json:
    """Who an identity is: as it was made, or as one of that id would be."""
    made = emulator.store.get(id)
    client = str(made.body["properties"]["clientId"] if made else uuid.uuid5(uuid.NAMESPACE_URL, id.lower()))
    return {"principalId": object_id(client), "clientId": client, **stated}
