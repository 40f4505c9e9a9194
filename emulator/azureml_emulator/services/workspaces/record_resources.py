"""What a connection and a serverless endpoint are, which are kept as said.

Source: WorkspaceConnectionPropertiesV2 and ServerlessEndpoint of Microsoft.MachineLearningServices (REST).
"""

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Annotated, ClassVar, Self

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.typed import At, Json, Provisioned, Typed

KEYS = "_keys"  # in the properties; only listKeys shows them


class KeyType(IntEnum):
    """Which of two keys; its number is its place."""

    PRIMARY = 0
    SECONDARY = 1

    @classmethod
    def stated(cls, text: str) -> Self:
        """The one of that name, whatever its case. Raises 400."""
        found = next((one for one in cls if one.name.lower() == text.lower()), None)
        if found is None:
            raise bad_request("keyType must be Primary or Secondary.", target="keyType")
        return found


@dataclass(frozen=True, kw_only=True)
class Connection(Typed):
    """A connection to another service."""

    writes_defaults: ClassVar[bool] = False
    category: Annotated[str, At("properties.category")] = ""
    target: Annotated[str, At("properties.target")] = ""
    credentials: Annotated[Json | None, At("properties.credentials")] = None


@dataclass(frozen=True, kw_only=True)
class ServerlessEndpoint(Provisioned):
    """A serverless endpoint: the primary and the secondary key."""

    writes_defaults: ClassVar[bool] = False
    keys: Annotated[list[str], At(f"properties.{KEYS}")] = field(default_factory=list)

    def with_key(self, kind: KeyType, value: str) -> Self:
        """With one of its keys renewed."""
        return replace(self, keys=[value if index == kind else key for index, key in enumerate(self.keys)])

    def show_keys(self) -> Json:
        """As listKeys shows them."""
        return {"primaryKey": self.keys[KeyType.PRIMARY], "secondaryKey": self.keys[KeyType.SECONDARY]}
