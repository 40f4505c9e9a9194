"""What a workspace is: its storage and what else was made with it, its network, and how clients find it.

Source: Workspace of Microsoft.MachineLearningServices (REST specification).
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Self

from azureml_emulator.core.typed import At, Json
from azureml_emulator.services.storage.places import StorageOwner

KIND = "workspaces"


class Isolation(StrEnum):
    """What the managed network of a workspace lets out."""

    DISABLED = "Disabled"
    ALLOW_INTERNET = "AllowInternetOutbound"
    ALLOW_APPROVED = "AllowOnlyApprovedOutbound"


@dataclass(frozen=True, kw_only=True)
class Workspace(StorageOwner):
    """A workspace. `stated` are all its properties."""

    stated: Annotated[Json, At("properties")]
    location: Annotated[str, At("location")]
    tags: Annotated[Json, At("tags")] = field(default_factory=dict)
    guid: Annotated[str, At("properties.workspaceId")] = ""
    created: Annotated[str, At("properties.creationTime")] = ""
    tracking_uri: Annotated[str, At("properties.mlFlowTrackingUri")] = ""
    key_vault: Annotated[str | None, At("properties.keyVault")] = None
    insights: Annotated[str | None, At("properties.applicationInsights")] = None
    container_registry: Annotated[str | None, At("properties.containerRegistry")] = None
    network: Annotated[Json, At("properties.managedNetwork")] = field(default_factory=dict)

    @property
    def is_isolated(self) -> bool:
        """Whether it has a managed network."""
        return self.network.get("isolationMode") not in (None, Isolation.DISABLED)

    @property
    def made_with_it(self) -> tuple[str, ...]:
        """The ids of what was made together with it."""
        every = (self.storage, self.key_vault, self.insights, self.container_registry)
        return tuple(id for id in every if id)

    def with_network(self, status: Json) -> Self:
        """With its managed network made."""
        return replace(self, network={**self.network, "status": status})

    def with_rule(self, name: str, rule: Json | None) -> Self:
        """With a rule of its managed network, or without it."""
        others = {key: value for key, value in (self.network.get("outboundRules") or {}).items() if key != name}
        rules = {**others, name: rule} if rule is not None else others
        return replace(self, network={**self.network, "outboundRules": rules})
