"""Deletes an endpoint or a deployment if it is still what was judged, while nobody else may change the endpoint.

Azure takes no condition with a deletion, so the last look is the call right before it. What has changed since it was
judged stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from mlops import clock
from mlops.azure import deployments, endpoints
from mlops.azure.failures import NotFound
from mlops.domain.cleanup import idle_deployments, idle_endpoints, marks
from mlops.domain.cleanup.status import Status
from mlops.domain.tags import ENVIRONMENT_TAG, FROZEN_TAG, IDLE_SINCE_TAG, OWNER_TAG
from mlops.errors import AzureRefused, MlopsError, Problem, RemoteFailed
from mlops.flow import poll
from mlops.flow.cleanup.endpoints import ObservedEndpoint
from mlops.flow.cleanup.inventory import Inventory
from mlops.flow.promote.lease import EndpointLease

TRIES = 3  # a deletion that failed is begun anew
TRY_PAUSE = 5.0
GONE_PAUSE, GONE_WAIT = 3.0, 60.0  # seconds


class Look(Enum):
    """What a last look at an endpoint shows."""

    GONE = auto()
    GOING = auto()
    SAME = auto()
    CHANGED = auto()


class _NotSameError(Exception):
    """The last look before a deletion showed something else."""

    def __init__(self, look: Look) -> None:
        super().__init__(look.name)
        self.look = look


def delete(inventory: Inventory, endpoint: str, deployment: str = "") -> Status:
    """Delete an endpoint, or a deployment of it; so that no promotion begins meanwhile, under the endpoint's lease."""
    lease = EndpointLease(inventory.workspace, endpoint, inventory.holder, "cleanup")
    wanted = _Deletion(inventory, endpoint, deployment, lease)
    if wanted.held.take():
        return Status.CHANGED
    try:
        status = wanted.delete()
        if status is Status.DELETED:
            # the mark of a deployment goes with it, the lock of an endpoint with that
            wanted.held.release(wanted.mark) if deployment else wanted.held.end()
        return status
    finally:
        wanted.held.release()


@dataclass(frozen=True)
class _Deletion:
    """What is to be deleted: an endpoint, or where it is named a deployment."""

    inventory: Inventory
    endpoint: str
    deployment: str
    held: EndpointLease

    @property
    def mark(self) -> str:
        return idle_deployments.mark_tag(self.deployment) if self.deployment else IDLE_SINCE_TAG

    @cached_property
    def _judged(self) -> ObservedEndpoint:
        return next(one for one in self.inventory.endpoints.seen if one.usage.name == self.endpoint)

    def delete(self) -> Status:
        """Delete until it is no longer listed. Two runs at once: whoever comes second finds it gone, or going."""
        why: MlopsError | None = None
        for attempt in range(TRIES):
            if attempt:
                clock.sleep(TRY_PAUSE)
            try:
                look = self._delete_if_same(begun=attempt > 0)
                if look is Look.CHANGED:
                    return Status.CHANGED
                if look is Look.GONE or self._is_gone():
                    return Status.DELETED
                why = None
            except (RemoteFailed, AzureRefused) as error:  # another run may have been faster, or it broke half-way
                why = error
        if why:
            raise why
        raise RemoteFailed(
            Problem(f"{self.endpoint} was deleted but is still listed", fix="run `mlops cleanup --apply` again later")
        )

    def _delete_if_same(self, *, begun: bool) -> Look:
        def sure() -> None:
            self.held.check()
            look = self._look(begun=begun)
            if look is not Look.SAME:
                raise _NotSameError(look)

        workspace = self.inventory.workspace
        try:
            if self.deployment:
                deployments.delete(workspace, self.endpoint, self.deployment, sure)
            else:
                endpoints.delete(workspace, self.endpoint, sure)
        except _NotSameError as other:
            return other.look
        return Look.SAME

    def _look(self, *, begun: bool) -> Look:
        """Whether it is what was judged: same mark, owner, deployments and traffic, and nobody asked to keep it.

        A deletion that has `begun` and broke half-way may have taken traffic away, but not given any to another. It is
        gone when the listing says so, too. The endpoint is read last, as a person changes its tags and traffic.
        """
        workspace, seen = self.inventory.workspace, self._judged
        nothing_new = self._nothing_new()
        found = endpoints.read(workspace, self.endpoint)
        if found is None:
            return Look.CHANGED if self.endpoint in endpoints.names(workspace) else Look.GONE
        properties, tags = found.get("properties") or {}, found.get("tags") or {}
        if properties.get("provisioningState") == "Deleting":
            return Look.GOING
        same = (
            nothing_new
            and all(
                tags.get(tag) == seen.usage.tags.get(tag) for tag in (self.mark, OWNER_TAG, ENVIRONMENT_TAG, FROZEN_TAG)
            )
            and not marks.asked_to_keep(tags, self.inventory.now)
            and all(
                _same_shares(properties.get(field) or {}, seen.shares(field), begun)
                for field in ("traffic", "mirrorTraffic")
            )
            and properties.get("provisioningState") in idle_endpoints.AT_REST
        )
        return Look.SAME if same else Look.CHANGED

    def _nothing_new(self) -> bool:
        """The listing that it was judged by may have lacked a deployment that was new."""
        try:
            now = deployments.listed(self.inventory.workspace, self.endpoint)
        except NotFound:
            return False
        return {one.name for one in now} <= {one.name for one in self._judged.usage.deployments}

    def _is_gone(self) -> bool:
        """Done means absent from the listing, which may lag behind the deletion."""
        return poll.until(lambda: not self._is_listed(), bool, poll.Pauses(GONE_PAUSE), clock.monotonic() + GONE_WAIT)

    def _is_listed(self) -> bool:
        workspace = self.inventory.workspace
        if not self.deployment:
            return self.endpoint in endpoints.names(workspace)
        try:
            return any(one.name == self.deployment for one in deployments.listed(workspace, self.endpoint))
        except NotFound:
            return False


def _same_shares(now: Mapping[str, int], before: Mapping[str, int], begun: bool) -> bool:
    """Shares of 0 are listed or not, as the service likes."""
    there, was = ({name: share for name, share in one.items() if share} for one in (now, before))
    return there.items() <= was.items() if begun else there == was
