"""What params.yaml asks of a training: base model, component, machines and parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mlops.domain.training.parameters import Component

SERVERLESS = "serverless"
LATEST = "latest"


class Tier(StrEnum):
    """The priority of a cluster's machines; low priority is cheaper and can be taken away."""

    DEDICATED = "dedicated"
    LOW_PRIORITY = "low_priority"


@dataclass(frozen=True)
class TrainingSpec:
    """The blocks `model` and `training`. `where` is the file, `owner` the name of the model that is made.

    `repository` (owner/name) is empty where it is not known.
    """

    owner: str
    repository: str
    registry: str
    base: str
    version: str  # of the base model, or `latest`
    component: str
    component_from: str  # its registry; empty for the workspace
    component_version: str  # or `latest`
    experiment: str
    compute: str  # a cluster, or `serverless`
    instance_type: str
    nodes: int
    max_nodes: int
    tier: Tier
    idle_seconds: int
    retired: Literal["warn", "refuse"]
    step_sizes: Mapping[str, str | None]  # step -> VM size on serverless compute; None for the component's own
    parameters: Mapping[str, str | int | float | bool]
    where: str
    own: Component | None = None  # the component in a file of the repository, which need not be registered yet

    @property
    def serverless(self) -> bool:
        """Whether Azure chooses the machine for each run."""
        return self.compute.lower() == SERVERLESS

    @property
    def low_priority(self) -> bool:
        """Whether a cluster that is made gets low-priority machines; serverless compute has none."""
        return self.tier is Tier.LOW_PRIORITY and not self.serverless

    @property
    def pinned(self) -> bool:
        """Whether the base model's version is written, rather than `latest`."""
        return self.version != LATEST
