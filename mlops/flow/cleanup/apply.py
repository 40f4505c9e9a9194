"""Applies a plan: each item on its own, safe to repeat, looked at once more right before anything is deleted.

What has changed since it was looked at stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from mlops import clock
from mlops.azure import cleanup_inventory, deployments, endpoints, jobs, models
from mlops.azure.failures import Denied, NotFound
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup import idle_deployments, idle_endpoints, marks
from mlops.domain.cleanup.plan import Item, ItemState, Kind, Plan
from mlops.domain.cleanup.status import Key, Status
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.tags import DELETED_PREFIX, ENVIRONMENT_TAG, FROZEN_TAG, IDLE_SINCE_TAG, OWNER_TAG
from mlops.errors import AzureRefused, MlopsError, Problem, RemoteFailed
from mlops.flow import poll
from mlops.flow.cleanup.endpoints import ObservedEndpoint
from mlops.flow.cleanup.inventory import Inventory
from mlops.flow.promote.lease import EndpointLease

TRIES = 3  # a deletion that failed is begun anew
TRY_PAUSE = 5.0
GONE_PAUSE, GONE_WAIT = 3.0, 60.0  # seconds


@dataclass
class Applied:
    """What became of each item, by its key, and what went wrong."""

    done: dict[Key, Status] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def apply(plan: Plan, inventories: Mapping[str, Inventory], say: Callable[[str], None]) -> Applied:
    """Carry the plan out. One that fails must not keep the others alive."""
    applied = Applied()
    for item in plan.items:
        inventory = inventories[item.workspace]
        try:
            if status := _act(item, inventory, say):
                applied.done[item.key] = status
        except MlopsError as error:
            applied.done[item.key] = Status.FAILED
            applied.problems += error.problems
    return applied


def _act(item: Item, inventory: Inventory, say: Callable[[str], None]) -> Status | None:
    workspace, now = inventory.workspace, inventory.now
    match item.state, item.kind:
        case ItemState.MARK, _:
            _tag(workspace, item, marks.mark_value(now))
            return Status.MARKED
        case ItemState.UNMARK, _:
            _tag(workspace, item, None)
            return Status.MARK_REMOVED
        case ItemState.DELETE, Kind.ENDPOINT:
            say(f"deleting the endpoint {item.name}")
            return _delete_recorded(inventory, item, say)
        case ItemState.DELETE, Kind.DEPLOYMENT:
            say(f"deleting the deployment {item.name}")
            return _delete_deployment(workspace, inventory, item.name)
        case ItemState.CANCEL, _:
            say(f"canceling {item.name}")
            return _cancel(workspace, item.name, now)
        case ItemState.ARCHIVE, _:
            cleanup_inventory.archive(workspace, item.kind, item.name)
            return Status.ARCHIVED
        case ItemState.RELEASE, _:
            return _release(workspace, item)
        case _:
            return None


def _tag(workspace: Workspace, item: Item, value: str | None) -> None:
    if item.kind is Kind.JOB:
        jobs.tag(workspace, item.name, {IDLE_SINCE_TAG: value or ""})
        return
    name, _, deployment = item.name.partition("/")
    tag = idle_deployments.mark_tag(deployment) if deployment else IDLE_SINCE_TAG
    endpoints.set_tags(workspace, name, {tag: value})


def _delete_endpoint(workspace: Workspace, inventory: Inventory, name: str) -> Status:
    def delete() -> None:
        endpoints.delete(workspace, name)

    def there() -> bool:
        return any(str(item["name"]) == name for item in endpoints.listing(workspace))

    # So that no promotion begins while it is deleted.
    held = EndpointLease(workspace, name, inventory.holder, "cleanup")
    return _delete(inventory, held, delete, there, also=(IDLE_SINCE_TAG,))


def _delete_recorded(inventory: Inventory, item: Item, say: Callable[[str], None]) -> Status:
    """The record comes first, as a run that dies after the deletion could not tell any more; else it is taken off."""
    status = Status.FAILED
    _record(inventory, item, say)
    try:
        status = _delete_endpoint(inventory.workspace, inventory, item.name)
        return status
    finally:
        if status is not Status.DELETED:
            _record(inventory, item, say, gone=False)


def _record(inventory: Inventory, item: Item, say: Callable[[str], None], *, gone: bool = True) -> None:
    """Write on the versions that it served that it is gone, for `mlops history`: its own tags are gone with it.

    Raises our failures where that may go through later: then nothing is deleted yet.
    """
    seen = next(one for one in inventory.endpoints.seen if one.usage.name == item.name)
    owner, environment = seen.usage.tags.get(OWNER_TAG, ""), seen.usage.environment
    live = {name for name, share in seen.shares("traffic").items() if share}
    served = {one.model.partition(":")[2] for one in seen.usage.deployments
              if one.name in live and one.model.partition(":")[0] == owner}  # fmt: skip
    entry = AuditEntry(inventory.now, "cleanup", f"{item.name}: {item.reason}").to_tag() if gone else None
    for version in sorted(served) if environment else ():
        try:
            models.set_tags(inventory.workspace, owner, version, {f"{DELETED_PREFIX}{environment}": entry})
        except MlopsError as error:
            if gone and not _is_for_good(inventory.workspace, owner, version, error):
                raise
            say(f"that {item.name} was deleted is not noted on {owner}:{version}: {error.problems[0].what}")


def _is_for_good(workspace: Workspace, model: str, version: str, error: MlopsError) -> bool:
    """Whether a model may not be written, or is not here: it may be of another workspace."""
    return isinstance(error, Denied) or (isinstance(error, NotFound) and models.find(workspace, model, version) is None)


def _delete_deployment(workspace: Workspace, inventory: Inventory, label: str) -> Status:
    endpoint, _, name = label.partition("/")

    def delete() -> None:
        deployments.delete(workspace, endpoint, name)

    def there() -> bool:
        return any(one.name == name for one in deployments.listed(workspace, endpoint))

    mark, held = idle_deployments.mark_tag(name), EndpointLease(workspace, endpoint, inventory.holder, "cleanup")
    return _delete(inventory, held, delete, there, also=(mark,), gone=(mark,))  # the endpoint stays


def _delete(
    inventory: Inventory,
    held: EndpointLease,
    delete: Callable[[], None],
    there: Callable[[], bool],
    also: tuple[str, ...],
    gone: tuple[str, ...] = (),
) -> Status:
    """The same while nobody else may change the endpoint; the tags `gone` go with what was deleted.

    Without such tags it is the endpoint that goes, and its lock with it.
    """
    if held.take():
        return Status.CHANGED
    try:
        status = _delete_held(inventory, held, delete, there, also)
        if status is Status.DELETED:
            held.release(*gone) if gone else held.end()
        return status
    finally:
        held.release()


def _delete_held(
    inventory: Inventory,
    held: EndpointLease,
    delete: Callable[[], None],
    there: Callable[[], bool],
    also: tuple[str, ...],
) -> Status:
    """Delete until it is no longer listed. Two runs at once: whoever comes second finds it gone, or going."""
    why: MlopsError | None = None
    for attempt in range(TRIES):
        if attempt:
            clock.sleep(TRY_PAUSE)
        state = _changed(inventory, held.endpoint, also, begun=attempt > 0)
        if state is Look.GONE:
            return Status.DELETED
        if state is Look.CHANGED:
            return Status.CHANGED
        try:
            if state is not Look.GOING:
                held.check()
                delete()
            if _is_gone(there):
                return Status.DELETED
            why = None
        except (RemoteFailed, AzureRefused) as error:  # another run may have been faster, or it broke half-way
            why = error
    if why:
        raise why
    raise RemoteFailed(
        Problem(f"{held.endpoint} was deleted but is still listed", fix="run `mlops cleanup --apply` again later")
    )


class Look(Enum):
    """What a last look at an endpoint shows."""

    GONE = auto()
    GOING = auto()
    SAME = auto()
    CHANGED = auto()


def _changed(inventory: Inventory, name: str, tags: tuple[str, ...], *, begun: bool) -> Look:
    """Whether an endpoint is still what was judged: same mark, owner, deployments and traffic, nobody asked to keep it.

    A deletion that has `begun` and broke half-way may have taken traffic away, but not given any to another. It is gone
    when the listing says so, too.
    """
    seen = next(one for one in inventory.endpoints.seen if one.usage.name == name)
    found = endpoints.read(inventory.workspace, name)
    if found is None:
        return Look.CHANGED if name in endpoints.names(inventory.workspace) else Look.GONE
    properties, now_tags = found.get("properties") or {}, found.get("tags") or {}
    if properties.get("provisioningState") == "Deleting":
        return Look.GOING
    watched = (*tags, OWNER_TAG, ENVIRONMENT_TAG, FROZEN_TAG)
    same = (
        all(now_tags.get(tag) == seen.usage.tags.get(tag) for tag in watched)
        and not marks.asked_to_keep(now_tags, inventory.now)
        and all(
            _same_shares(properties.get(field) or {}, seen.shares(field), begun)
            for field in ("traffic", "mirrorTraffic")
        )
        and properties.get("provisioningState") in idle_endpoints.AT_REST
        and _nothing_new(inventory.workspace, seen)
    )
    return Look.SAME if same else Look.CHANGED


def _nothing_new(workspace: Workspace, seen: ObservedEndpoint) -> bool:
    """The listing that it was judged by may have lacked a deployment that was new."""
    try:
        now = deployments.listed(workspace, seen.usage.name)
    except NotFound:
        return False
    return {one.name for one in now} <= {one.name for one in seen.usage.deployments}


def _same_shares(now: Mapping[str, int], before: Mapping[str, int], begun: bool) -> bool:
    """Shares of 0 are listed or not, as the service likes."""
    there, was = ({name: share for name, share in one.items() if share} for one in (now, before))
    return there.items() <= was.items() if begun else there == was


def _is_gone(there: Callable[[], bool]) -> bool:
    """Done means absent from the listing, which may lag behind the deletion."""

    def gone() -> bool:
        try:
            return not there()
        except NotFound:
            return True

    return poll.until(gone, bool, poll.Pauses(GONE_PAUSE), clock.monotonic() + GONE_WAIT)


def _cancel(workspace: Workspace, name: str, now: datetime) -> Status:
    found = jobs.find(workspace, name)
    if found is None:  # it was listed a moment ago
        return Status.CHANGED
    if found.state.ended:
        return Status.ENDED
    if marks.asked_to_keep(found.tags, now) or not found.tags.get(IDLE_SINCE_TAG):
        return Status.CHANGED
    jobs.cancel(workspace, name)
    return Status.CANCELED


def _release(workspace: Workspace, item: Item) -> Status:
    if item.name in {one.name for one in cleanup_inventory.computes(workspace, "") if one.is_cluster}:
        cleanup_inventory.scale_to_zero(workspace, item.name)
        return Status.SCALED_TO_ZERO
    cleanup_inventory.stop(workspace, item.name)
    return Status.STOPPED
