"""What a compute of a workspace is: a cluster, a compute instance, or something attached; its size, scale and nodes.

Source: ComputeResource of Microsoft.MachineLearningServices (REST specification).
"""

import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Self

from azureml_emulator.catalog import sizes
from azureml_emulator.core import arm, defaults
from azureml_emulator.core.typed import At, Json, Provisioned, ProvisioningState
from azureml_emulator.services.workspaces import compute_instance

KIND = "computes"
TYPE_PATH = "workspaces/computes"
SCALE_SETTINGS = "properties.properties.scaleSettings"
NODE_STATES = ("preparing", "running", "idle", "unusable", "leaving", "preempted")

_COUNTS = ("currentNodeCount", "targetNodeCount", "nodeStateCounts", "allocationState", "errors")
_NOT_WHILE_MADE = ("computeLocation", "propertyBag")


class ComputeType(StrEnum):
    """What kind of compute it is. All but the first two exist elsewhere and are attached."""

    CLUSTER = "AmlCompute"
    INSTANCE = "ComputeInstance"
    VIRTUAL_MACHINE = "VirtualMachine"
    KUBERNETES = "Kubernetes"
    SYNAPSE_SPARK = "SynapseSpark"
    HDINSIGHT = "HDInsight"
    DATABRICKS = "Databricks"
    DATA_FACTORY = "DataFactory"
    AKS = "AKS"

    @property
    def is_attached(self) -> bool:
        """Whether it exists without the workspace."""
        return self not in (ComputeType.CLUSTER, ComputeType.INSTANCE)

    @property
    def takes_endpoints(self) -> bool:
        """Whether online endpoints can stand on it."""
        return self in (ComputeType.KUBERNETES, ComputeType.AKS)


class InstanceState(StrEnum):
    """Whether a compute instance is up."""

    RUNNING = "Running"
    STOPPED = "Stopped"


class Priority(StrEnum):
    """What a cluster's nodes cost, and whether they can be taken away."""

    DEDICATED = "Dedicated"
    LOW = "LowPriority"


@dataclass(frozen=True, kw_only=True)
class Compute(Provisioned):
    """A compute. `settings` are the properties of its own kind."""

    location: Annotated[str, At("location")]
    tags: Annotated[Json, At("tags")] = field(default_factory=dict)
    type: Annotated[ComputeType, At("properties.computeType")] = ComputeType.CLUSTER
    settings: Annotated[Json, At("properties.properties")] = field(default_factory=dict)
    created: Annotated[str, At("properties.createdOn")] = ""
    modified: Annotated[str, At("properties.modifiedOn")] = ""

    @classmethod
    def new(cls, parent: str, name: str, location: str, body: Json, before: Self | None, now: str) -> Self:
        """One that was just asked for, or asked to change; a compute that is changed keeps when it was made."""
        stated = body["properties"]
        properties = {
            "description": None,
            "resourceId": None,
            "disableLocalAuth": False,
            **stated,
            "computeLocation": location,
            "createdOn": before.created if before else now,
            "modifiedOn": now,
            "isAttachedCompute": ComputeType(stated["computeType"]).is_attached,
            "provisioningErrors": None,
            "provisioningWarnings": {},
            "provisioningState": (ProvisioningState.UPDATING if before else ProvisioningState.CREATING).value,
        }
        stated_identity = body.get("identity") or {}
        principal = {"principalId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{parent}/{KIND}/{name}".lower()))}
        own = {**principal, "tenantId": defaults.TENANT_ID} if "System" in str(stated_identity.get("type")) else {}
        identity = {"identity": {**stated_identity, **own}} if stated_identity else {}
        whole = {"location": location, "tags": body.get("tags") or {}, **identity, "properties": properties}
        return cls.of(f"{parent}/{KIND}/{name}", parent, name, whole)

    @property
    def is_cluster(self) -> bool:
        """Whether jobs make its nodes come and go."""
        return self.type is ComputeType.CLUSTER

    @property
    def size(self) -> sizes.Size | None:
        """The VM size of its nodes; None where it has none, or one that the catalog does not know."""
        return sizes.find(str(self.settings.get("vmSize") or ""))

    @property
    def priority(self) -> Priority:
        """Of its nodes."""
        return Priority(self.settings.get("vmPriority") or Priority.DEDICATED)

    @property
    def least_nodes(self) -> int:
        """How many nodes a cluster keeps up."""
        return int((self.settings.get("scaleSettings") or {}).get("minNodeCount") or 0)

    @property
    def most_nodes(self) -> int | None:
        """How many nodes a cluster can have; None for what is no cluster."""
        most = (self.settings.get("scaleSettings") or {}).get("maxNodeCount")
        return int(most) if most is not None else None

    @property
    def nodes(self) -> int:
        """How many nodes are up now: none before it is ready."""
        return self.least_nodes if self.state is ProvisioningState.SUCCEEDED else 0

    def rescaled(self, settings: Json, now: str) -> Self:
        """A cluster with other settings, in the state Updating."""
        return replace(self.moved(ProvisioningState.UPDATING), settings=settings, modified=now)

    def going(self) -> Self:
        """While it is deleted or detached, which may begin in any state."""
        return replace(self, state=ProvisioningState.DELETING)

    def switched(self, to: InstanceState, action: str, now: str) -> Self:
        """A compute instance that was started or stopped."""
        last = compute_instance.operation(action.capitalize(), now)
        return replace(self, settings={**self.settings, "state": to.value, "lastOperation": last}, modified=now)

    def show(self) -> Json:
        """As ARM shows it: a machine with what follows from its state, or next to nothing while it is made."""
        if self.type.is_attached:
            return arm.shown(self.id, self.name, self.body(), TYPE_PATH)
        making = self.state is ProvisioningState.CREATING
        if self.is_cluster:
            settings = {**self.settings, **(dict.fromkeys(_COUNTS) if making else self._counts())}
        else:
            where = (self.name, self.location, self.settings, self.created)
            settings = compute_instance.settings(*where, making=making)
        user = settings.pop("userAccountCredentials", None)
        if user and not making:
            settings["userAccountCredentials"] = {**user, "adminUserPassword": None}
        body = replace(self, settings=settings).body()
        if making:
            hidden = (*_NOT_WHILE_MADE, "properties")
            shown = {key: value for key, value in settings.items() if key not in _NOT_WHILE_MADE}
            kept = {key: value for key, value in body["properties"].items() if key not in hidden}
            properties = {**kept, "provisioningWarnings": None, "properties": shown}
            body = {**body, "tags": self.tags or None, "properties": properties}
        return arm.shown(self.id, self.name, body, TYPE_PATH)

    def show_asked_again(self) -> Json:
        """As the call answers that asks a cluster to change: as when it is made, with where it is."""
        shown = replace(self, state=ProvisioningState.CREATING).show()
        workspace, name = self.parent.rpartition("/")[::2]
        group = workspace.partition("/providers/")[0]
        id = f"{group}/providers/Microsoft.BatchAI/workspaces/{name}/clusters/{self.name}"
        properties = {**shown["properties"], "resourceId": id, "computeLocation": self.location}
        return {**shown, "tags": self.tags, "properties": properties}

    def _counts(self) -> Json:
        ready = self.state is ProvisioningState.SUCCEEDED
        return {
            "allocationState": "Steady" if ready else "Resizing",
            "allocationStateTransitionTime": self.modified,
            "errors": None,
            "currentNodeCount": self.nodes,
            "targetNodeCount": self.least_nodes,
            "nodeStateCounts": {f"{state}NodeCount": self.nodes if state == "idle" else 0 for state in NODE_STATES},
        }
