"""What can be observed of an online endpoint and its deployments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mlops.domain.tags import ENVIRONMENT_TAG, PROMOTING_TAG, TRAFFIC_TAG

ALL = 100  # percent


class EndpointState(StrEnum):
    """`provisioningState` of an endpoint, and Absent. Source: azure-ai-ml, arm_ml_service/models/_enums.py."""

    ABSENT = "Absent"
    CREATING = "Creating"
    UPDATING = "Updating"
    DELETING = "Deleting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def busy(self) -> bool:
        """The service works on it and refuses other changes with 409."""
        return self in (EndpointState.CREATING, EndpointState.UPDATING, EndpointState.DELETING)

    @property
    def broken(self) -> bool:
        """The last change to it did not come to an end."""
        return self in (EndpointState.FAILED, EndpointState.CANCELED)


class DeploymentState(StrEnum):
    """`provisioningState` of a deployment. Source: as for the endpoint."""

    CREATING = "Creating"
    UPDATING = "Updating"
    SCALING = "Scaling"
    DELETING = "Deleting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def healthy(self) -> bool:
        """It may be given traffic."""
        return self is DeploymentState.SUCCEEDED

    @property
    def broken(self) -> bool:
        """It will not become healthy by itself."""
        return self in (DeploymentState.FAILED, DeploymentState.CANCELED)

    @property
    def busy(self) -> bool:
        """The service works on it."""
        return not self.healthy and not self.broken


@dataclass(frozen=True)
class DeploymentFacts:
    """One deployment as it was observed; `model` is name:version, `asset` its id. Empty or 0 stands for not known.

    `changed` is when it was last deployed to or scaled.
    """

    name: str
    state: DeploymentState
    model: str
    instance_type: str = ""
    instance_count: int = 0
    created: datetime | None = None
    asset: str = ""
    changed: datetime | None = None
    ours: bool = True  # whether mlops made it, by its tag
    settings: Mapping[str, str] = field(default_factory=dict)  # as read (`domain.serving.settings`)
    serving: str = ""  # fingerprint of the settings that it was made with, by its tag
    stated_count: int | None = None  # instances that params.yaml said when it was made or scaled, by its tag

    @property
    def version(self) -> int | None:
        """Version of its model where that is a number."""
        version = self.model.rpartition(":")[2]
        return int(version) if version.isdecimal() else None


@dataclass(frozen=True)
class EndpointFacts:
    """One endpoint as it was observed; traffic and mirror in percent by deployment."""

    name: str
    state: EndpointState
    traffic: Mapping[str, int]
    mirror: Mapping[str, int]
    deployments: tuple[DeploymentFacts, ...]
    tags: Mapping[str, str]
    ours: bool
    auth_mode: str = ""  # empty where it is not known

    @property
    def environment(self) -> str:
        """The environment that it was made for; empty where it does not say."""
        return self.tags.get(ENVIRONMENT_TAG, "")

    @property
    def promoting(self) -> str:
        """The model that a promotion is giving traffic to, or was when it was killed; empty for none."""
        return self._on_its_way[0]

    @property
    def promoting_deployment(self) -> str:
        """The deployment that holds it, or is to; empty where the tag does not say."""
        return self._on_its_way[1]

    @property
    def promoting_serving(self) -> str:
        """The fingerprint of its serving settings; empty where the tag does not say."""
        return self._on_its_way[2]

    @property
    def _on_its_way(self) -> tuple[str, str, str]:
        model, deployment, serving, *_ = (*self.tags.get(PROMOTING_TAG, "").split(), "", "", "")
        return model, deployment, serving

    @property
    def drift(self) -> str:
        """What somebody else made of the traffic since mlops set it; empty where it is as mlops left it."""
        stated = self.tags.get(TRAFFIC_TAG, "")
        if self.state is EndpointState.ABSENT or not stated or traffic_value(self.live).startswith(stated):
            return ""
        return f"mlops set the traffic to {stated}, and it is {traffic_value(self.live) or 'nobody'}"

    @property
    def live(self) -> dict[str, int]:
        """Who has traffic; the service lists the others with 0."""
        return {name: percent for name, percent in self.traffic.items() if percent > 0}

    @property
    def live_model(self) -> str | None:
        """The model with all the traffic, as name:version."""
        return self.live_deployment.model if self.live_deployment else None

    @property
    def mirrored(self) -> bool:
        """Whether some deployment gets a copy of the requests."""
        return any(percent > 0 for percent in self.mirror.values())

    def share(self, name: str) -> int:
        """Percent of the traffic that a deployment has."""
        return self.live.get(name, 0)

    def find(self, name: str | None) -> DeploymentFacts | None:
        """Look a deployment up by name."""
        return next((one for one in self.deployments if one.name == name), None)

    def healthy(self, *without: str | None) -> list[DeploymentFacts]:
        """List the deployments that may be given traffic, but for some."""
        return [one for one in self.deployments if one.state.healthy and one.name not in without]

    @property
    def live_deployment(self) -> DeploymentFacts | None:
        """The deployment with all the traffic."""
        return next((one for one in self.deployments if self.share(one.name) == ALL), None)

    def label(self, name: str) -> str:
        """Model and deployment, for people."""
        one = self.find(name)
        return f"{one.model} ({name})" if one and one.model else name


def promoting_value(model: str, deployment: str, serving: str) -> str:
    """A promotion under way as a tag has it."""
    return f"{model} {deployment} {serving}"


def traffic_value(traffic: Mapping[str, int]) -> str:
    """Shares as a tag has them, such as `model-1=90 model-2=10`."""
    return " ".join(f"{name}={percent}" for name, percent in sorted(traffic.items()) if percent)


def age(since: datetime, now: datetime) -> str:
    """How long that is, in the largest whole unit."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= size:
            return f"{minutes // size} {unit}{'s' if minutes >= 2 * size else ''}"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
