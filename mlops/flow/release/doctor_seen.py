"""What the checks of one `mlops doctor` have seen: each thing is read once, whichever check is the first to need it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from mlops.azure import datastores, skus_and_quota, subscription
from mlops.azure.subscription import Caller
from mlops.azure.workspace import Workspace
from mlops.domain.machines import Quota
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.release.access import Permission
from mlops.domain.training.spec import TrainingSpec
from mlops.flow.project import Project
from mlops.flow.training import compute
from mlops.flow.training.compute import TrainingLook


@dataclass
class Seen:
    """One look around. Each property raises our failures, every time it is asked for."""

    project: Project
    repository: str
    say: Callable[[str], None]
    connect: Callable[[], Workspace]
    make_spec: Callable[[], TrainingSpec]
    make_rollouts: Callable[[], Mapping[str, RolloutSpec]]
    observe: Callable[[], Mapping[str, EndpointFacts]]
    name_of: Callable[[str], str]

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments of params.yaml."""
        return tuple(self.project.params.environments)

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of the training."""
        return self.connect()

    @cached_property
    def caller(self) -> Caller:
        """Who asks."""
        return subscription.caller(self.workspace)

    @cached_property
    def spec(self) -> TrainingSpec:
        """What params.yaml says of the training."""
        return self.make_spec()

    @cached_property
    def training(self) -> TrainingLook:
        """What a run would be made of and run on."""
        return compute.look(self.workspace, self.spec, self.say)

    @cached_property
    def rollouts(self) -> Mapping[str, RolloutSpec]:
        """What params.yaml says of each environment."""
        return self.make_rollouts()

    def place(self, environment: str) -> Workspace:
        """The workspace that holds an environment's endpoint."""
        return self.workspace.at(self.rollouts[environment].place)

    @cached_property
    def endpoints(self) -> Mapping[str, EndpointFacts]:
        """The endpoint of each environment. Raises BadInput with those that belong to somebody else."""
        return self.observe()

    @cached_property
    def all_endpoints(self) -> tuple[tuple[str, str, str], ...]:
        """Name, region and id of every endpoint of the subscription."""
        return subscription.endpoints(self.workspace)

    @cached_property
    def by_identity(self) -> bool:
        """Whether the default datastore has no secret, so that whoever asks needs a role on the storage."""
        stated = datastores.stated_default(self.workspace)["properties"]
        return (stated.get("credentials") or {}).get("credentialsType", "") in datastores.BY_IDENTITY

    def quotas(self, place: Workspace) -> Mapping[str, Quota]:
        """The quotas of a workspace's region."""
        key = ("doctor", "quotas", place.location)
        found: Mapping[str, Quota] = self.workspace.remembered(key, lambda: skus_and_quota.quotas(place))
        return found

    def permissions(self, scope: str) -> tuple[Permission, ...]:
        """What the caller may do at a scope."""
        key = ("doctor", "permissions", scope.lower())
        found: tuple[Permission, ...] = self.workspace.remembered(
            key, lambda: subscription.permissions(self.workspace, scope)
        )
        return found
