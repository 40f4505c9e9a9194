"""What a datastore is: the storage that it points at, and how one signs in there.

Source: Datastore of Microsoft.MachineLearningServices (REST specification).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar

from azureml_emulator.core import arm, defaults
from azureml_emulator.core.typed import At, Json, Typed

KIND = "datastores"
TYPE_PATH = "workspaces/datastores"
SECRETS = "secrets"


class DatastoreType(StrEnum):
    """What kind of storage it is."""

    BLOB = "AzureBlob"
    LAKE_1 = "AzureDataLakeGen1"
    LAKE_2 = "AzureDataLakeGen2"
    FILE = "AzureFile"
    ONE_LAKE = "OneLake"
    HDFS = "Hdfs"

    @property
    def takes_sas(self) -> bool:
        """Whether a secret that ends by itself can be made for it."""
        return self in (DatastoreType.BLOB, DatastoreType.FILE)


@dataclass(frozen=True, kw_only=True)
class Datastore(Typed):
    """A datastore. `place` is the container, the file system or the file share, by what its type calls it."""

    writes_defaults: ClassVar[bool] = False
    type: Annotated[DatastoreType, At("properties.datastoreType")] = DatastoreType.BLOB
    is_default: Annotated[bool, At("properties.isDefault")] = False
    account: Annotated[str, At("properties.accountName")] = defaults.STORAGE_ACCOUNT
    container_name: Annotated[str | None, At("properties.containerName")] = None
    file_system: Annotated[str | None, At("properties.filesystem")] = None
    file_share: Annotated[str | None, At("properties.fileShareName")] = None
    credentials: Annotated[Json, At("properties.credentials")] = field(default_factory=dict)

    @property
    def container(self) -> str:
        """Where its files are in the account."""
        return self.container_name or self.file_system or self.file_share or defaults.CONTAINER

    @property
    def credentials_type(self) -> str:
        """How one signs in at the storage; "None" with the caller's own identity."""
        return str(self.credentials["credentialsType"])

    @property
    def secrets(self) -> Json | None:
        """What was stated for signing in; None where the service has the account's key."""
        return self.credentials.get(SECRETS)

    def show(self) -> Json:
        """As ARM shows it. Secrets never leave by a GET."""
        body = self.body()
        visible = {key: value for key, value in self.credentials.items() if key != SECRETS}
        body["properties"] = {**body["properties"], "credentials": visible}
        return arm.shown(self.id, self.name, body, TYPE_PATH)
