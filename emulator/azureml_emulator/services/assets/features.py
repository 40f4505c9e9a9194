"""Feature sets and entities of a feature store: versioned and kept as said; nothing is materialized.

Source: Microsoft.MachineLearningServices workspaces/{featuresets,featurestoreEntities} (ARM), and answers that were
recorded of them in 2023.
"""

import uuid
from typing import ClassVar

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.operations import accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.assets import Assets, Draft
from azureml_emulator.services.workspaces import scope

OPERATIONS_SINCE = "2023-08"  # the making of one is an operation since that version, and says its properties only
SETTINGS = ("storeType", "schedule", "notification", "resource", "sparkConfiguration")


class Features(Assets):
    """What both kinds share: a PUT is a 201 each time and says what was sent; who made it is said by a GET."""

    def put_version(self, request: Request, emulator: Emulator) -> Reply:
        """PUT a version."""
        workspace, version = self.scope(request, emulator), request.params["version"]
        stated = request.json().get("properties") or {}
        made = self.create(emulator, workspace, request.params["name"], version, stated)
        shown = {key: value for key, value in super().show(made).items() if key != "systemData"}
        if request.query.get("api-version", "") < OPERATIONS_SINCE:
            return Reply(201, shown)
        operation = emulator.operations.start(
            made.id, self.plural, effect="none", request=request, location=scope.location(workspace)
        )
        return accepted(operation, 201, {"properties": shown["properties"]})

    def show(self, resource: Resource) -> Json:
        """A version as a GET says it."""
        shown = super().show(resource)
        properties = {**shown["properties"], "properties": self.labels(resource, shown["properties"])}
        made = {key: shown["systemData"][key] for key in ("createdAt", "createdBy")}
        return {**shown, "properties": properties, "systemData": made}

    def labels(self, resource: Resource, properties: Json) -> Json | None:
        """The properties that a client may state, with what the service adds; none are null."""
        return properties["properties"] or None


class Featuresets(Features):
    """Feature sets: entities, and where their specification is."""

    plural, word, uri = "featuresets", "featureset", "specification"
    fixed = ("specification",)
    empty: ClassVar[Json] = {
        "autoDeleteSetting": None,
        "materializationSettings": None,
        "provisioningState": "Succeeded",
        "stage": None,
    }

    def prepare(self, draft: Draft) -> Json:
        """It needs a specification and at least one entity."""
        if not (draft.properties.get("specification") or {}).get("path"):
            raise bad_request("The field specification.path is required.", code="UserError", target="specification")
        if not draft.properties.get("entities"):
            raise bad_request("A feature set needs at least one entity.", code="UserError", target="entities")
        settings = draft.properties.get("materializationSettings")
        whole = {**dict.fromkeys(SETTINGS), **settings} if settings else None
        return {**draft.properties, "materializationSettings": whole}

    def labels(self, resource: Resource, properties: Json) -> Json | None:
        """With the version of what is materialized and the connection to where that is, for each store that is on."""
        stated = super().labels(resource, properties)
        settings = properties["materializationSettings"]
        if not settings:
            return stated
        stores = str(settings["storeType"] or "").lower()
        added: Json = {}
        for store in ("offline", "online"):
            is_on = store in stores
            id = uuid.uuid5(uuid.NAMESPACE_URL, f"{resource.id.lower()}/{store}")
            added[f"{store}MaterializationVersion"] = str(id) if is_on else None
            name = f"{store.title()}StoreConnectionName-{id.hex[:8]}"
            added[f"{store}StoreConnectionName"] = name if is_on else None
        return {**(stated or {}), **added}


class FeaturestoreEntities(Features):
    """Entities: the columns by which features are joined."""

    plural, word, uri = "featurestoreEntities", "featurestoreEntity", "indexColumns"
    fixed = ("indexColumns",)
    empty: ClassVar[Json] = {"autoDeleteSetting": None, "provisioningState": "Succeeded", "stage": None}

    def prepare(self, draft: Draft) -> Json:
        """It needs at least one column."""
        if not draft.properties.get("indexColumns"):
            raise bad_request("An entity needs at least one index column.", code="UserError", target="indexColumns")
        return draft.properties


FEATURESETS, ENTITIES = Featuresets(), FeaturestoreEntities()
