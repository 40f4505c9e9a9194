"""Applies a plan: each item on its own, safe to repeat. `deletion` looks once more right before it deletes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mlops.azure import cleanup_inventory, endpoints, jobs, models
from mlops.azure.failures import Denied, NotFound
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup import idle_deployments, marks
from mlops.domain.cleanup.plan import Item, ItemState, Kind, Plan
from mlops.domain.cleanup.status import Key, Status
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.tags import DELETED_PREFIX, IDLE_SINCE_TAG, OWNER_TAG
from mlops.errors import MlopsError, Problem
from mlops.flow.cleanup import deletion
from mlops.flow.cleanup.inventory import Inventory


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
            endpoint, _, deployment = item.name.partition("/")
            return deletion.delete(inventory, endpoint, deployment)
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


def _delete_recorded(inventory: Inventory, item: Item, say: Callable[[str], None]) -> Status:
    """The record comes first, as a run that dies after the deletion could not tell any more; else it is taken off."""
    status = Status.FAILED
    _record(inventory, item, say)
    try:
        status = deletion.delete(inventory, item.name)
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
