"""What storage asks of the resources of other services: whose account it is, and where the content of an asset is."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from azureml_emulator.core.typed import At, Json, Provisioned, Typed


@dataclass(frozen=True, kw_only=True)
class StorageOwner(Provisioned):
    """A workspace, as far as it has a storage account."""

    writes_defaults: ClassVar[bool] = False
    storage: Annotated[str, At("properties.storageAccount")] = ""

    @property
    def account(self) -> str:
        """The name of its storage account."""
        return self.storage.rsplit("/", 1)[-1]


@dataclass(frozen=True, kw_only=True)
class Content(Typed):
    """A version of an asset, as far as it points at files. `stated` are all its properties."""

    writes_defaults: ClassVar[bool] = False
    stated: Annotated[Json, At("properties")]
    is_archived: Annotated[bool, At("properties.isArchived")] = False

    def uri(self, field_name: str) -> str:
        """Where its content is, by the field that its kind has for that."""
        return str(self.stated[field_name])
