"""Feature sets and entities of a feature store: versioned and kept as said; nothing is materialized.

Source: Microsoft.MachineLearningServices workspaces/{featuresets,featurestoreEntities} (ARM).
"""

from typing import ClassVar

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json
from azureml_emulator.services.assets.assets import Assets, Draft


class Featuresets(Assets):
    """Feature sets: entities, and where their specification is."""

    plural, word, uri = "featuresets", "featureset", "specification"
    fixed = ("specification",)
    empty: ClassVar[Json] = {"provisioningState": "Succeeded", "stage": "Development"}

    def prepare(self, draft: Draft) -> Json:
        """It needs a specification and at least one entity."""
        if not (draft.properties.get("specification") or {}).get("path"):
            raise bad_request("The field specification.path is required.", code="UserError", target="specification")
        if not draft.properties.get("entities"):
            raise bad_request("A feature set needs at least one entity.", code="UserError", target="entities")
        return draft.properties


class FeaturestoreEntities(Assets):
    """Entities: the columns by which features are joined."""

    plural, word, uri = "featurestoreEntities", "featurestoreEntity", "indexColumns"
    fixed = ("indexColumns",)
    empty: ClassVar[Json] = {"provisioningState": "Succeeded", "stage": "Development"}

    def prepare(self, draft: Draft) -> Json:
        """It needs at least one column."""
        if not draft.properties.get("indexColumns"):
            raise bad_request("An entity needs at least one index column.", code="UserError", target="indexColumns")
        return draft.properties


FEATURESETS, ENTITIES = Featuresets(), FeaturestoreEntities()
