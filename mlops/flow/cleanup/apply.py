"""Applies a plan: each item on its own, safe to repeat, looked at once more right before anything is deleted.

It must not decide what goes; but what has changed since it was looked at stays.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mlops import clock
from mlops.azure import cleanup_inventory, endpoints, jobs
from mlops.azure.failures import NotFound
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup import idle_deployments, idle_endpoints, marks
from mlops.domain.cleanup.plan import Item, ItemState, Kind, Plan
from mlops.domain.promote import lease
from mlops.domain.tags import ENVIRONMENT_TAG, IDLE_SINCE_TAG, LEASE_TAG, OWNER_TAG
from mlops.errors import AzureRefused, MlopsError, Problem, RemoteFailed
from mlops.flow.cleanup.inventory import Survey

TRIES = 3  # a deletion that failed is begun anew
TRY_PAUSE = 5.0
GONE_TRIES, GONE_PAUSE = 20, 3.0
LEASE = timedelta(minutes=10)
CHANGED = "kept: it changed"


@dataclass
class Done:
    """What became of each item, by its key, and what went wrong."""

    words: dict[tuple[str, str, str], str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def apply(plan: Plan, surveys: Mapping[str, Survey], say: Callable[[str], None]) -> Done:
    """Carry the plan out. One that fails must not keep the others alive."""
    done = Done()
    for item in plan.items:
        survey = surveys[item.workspace]
        try:
            if word := _act(item, survey, say):
                done.words[item.key] = word
        except MlopsError as error:
            done.words[item.key] = "failed"
            done.problems += error.problems
    return done


def _act(item: Item, survey: Survey, say: Callable[[str], None]) -> str:
    workspace, now = survey.workspace, survey.now
    match item.state, item.kind:
        case ItemState.MARK, _:
            _tag(workspace, item, marks.mark_value(now))
            return "marked"
        case ItemState.UNMARK, _:
            _tag(workspace, item, None)
            return "mark removed"
        case ItemState.DELETE, Kind.ENDPOINT:
            say(f"deleting the endpoint {item.name}")
            return _delete_endpoint(workspace, survey, item.name)
        case ItemState.DELETE, Kind.DEPLOYMENT:
            say(f"deleting the deployment {item.name}")
            return _delete_deployment(workspace, survey, item.name)
        case ItemState.CANCEL, _:
            say(f"canceling {item.name}")
            return _cancel(workspace, item.name, now)
        case ItemState.ARCHIVE, _:
            cleanup_inventory.archive(workspace, item.kind, item.name)
            return "archived"
        case ItemState.RELEASE, _:
            return _release(workspace, item)
        case _:
            return ""


def _tag(workspace: Workspace, item: Item, value: str | None) -> None:
    if item.kind is Kind.JOB:
        jobs.tag(workspace, item.name, {IDLE_SINCE_TAG: value or ""})
        return
    name, _, deployment = item.name.partition("/")
    tag = idle_deployments.mark_tag(deployment) if deployment else IDLE_SINCE_TAG
    endpoints.set_tags(workspace, name, {tag: value})


def _delete_endpoint(workspace: Workspace, survey: Survey, name: str) -> str:
    def delete() -> None:
        endpoints.delete(workspace, name)

    def there() -> bool:
        return any(str(item["name"]) == name for item in endpoints.listing(workspace))

    return _delete(workspace, survey, name, delete, there, also=(IDLE_SINCE_TAG,))


def _delete_deployment(workspace: Workspace, survey: Survey, label: str) -> str:
    endpoint, _, name = label.partition("/")

    def delete() -> None:
        endpoints.delete_deployment(workspace, endpoint, name)

    def there() -> bool:
        return any(one.name == name for one in endpoints.deployments(workspace, endpoint))

    word = _delete(workspace, survey, endpoint, delete, there, also=(idle_deployments.mark_tag(name),))
    if word == "deleted" and endpoints.read(workspace, endpoint):  # it stays: promotions may have it back
        endpoints.set_tags(workspace, endpoint, {LEASE_TAG: lease.FREE, idle_deployments.mark_tag(name): None})
    return word


def _delete(
    workspace: Workspace,
    survey: Survey,
    endpoint: str,
    delete: Callable[[], None],
    there: Callable[[], bool],
    also: tuple[str, ...],
) -> str:
    """Delete until it is no longer listed. Two runs at once: whoever comes second finds it gone, or going."""
    why: MlopsError | None = None
    for attempt in range(TRIES):
        if attempt:
            clock.sleep(TRY_PAUSE)
        state = _changed(workspace, survey, endpoint, also, begun=attempt > 0)
        if state == GONE:
            return "deleted"
        if state == CHANGED:
            return CHANGED
        try:
            if state != GOING:
                if not _leased(survey, endpoint):
                    return CHANGED
                delete()
            if _is_gone(there):
                return "deleted"
            why = None
        except (RemoteFailed, AzureRefused) as error:  # another run may have been faster, or it broke half-way
            why = error
    _give_back(survey, endpoint)
    if why:
        raise why
    raise RemoteFailed(
        Problem(f"{endpoint} was deleted but is still listed", fix="run `mlops cleanup --apply` again later")
    )


GONE, GOING, SAME = "gone", "going", "same"


def _changed(workspace: Workspace, survey: Survey, name: str, tags: tuple[str, ...], *, begun: bool) -> str:
    """Whether an endpoint is still what was judged: same mark, owner and traffic, and nobody asked to keep it since.

    A deletion that has `begun` and broke half-way may have taken traffic away, but not given any to another.
    """
    seen = next(one for one in survey.endpoints.seen if one.usage.name == name)
    found = endpoints.read(workspace, name)
    if found is None:
        return GONE
    properties, now_tags = found.get("properties") or {}, found.get("tags") or {}
    if properties.get("provisioningState") == "Deleting":
        return GOING
    watched = (*tags, OWNER_TAG, ENVIRONMENT_TAG)
    same = (
        all(now_tags.get(tag) == seen.usage.tags.get(tag) for tag in watched)
        and not marks.asked_to_keep(now_tags, survey.now)
        and all(
            _same_shares(properties.get(field) or {}, seen.shares(field), begun)
            for field in ("traffic", "mirrorTraffic")
        )
        and properties.get("provisioningState") in idle_endpoints.AT_REST
    )
    return SAME if same else CHANGED


def _leased(survey: Survey, endpoint: str) -> bool:
    """Take the lease that promotions take, so that none begins while something is deleted; another's is respected."""
    workspace, now = survey.workspace, survey.workspace.now()
    found = (endpoints.read(workspace, endpoint) or {}).get("tags") or {}
    if lease.of_another(found, survey.holder, now, endpoint):
        return False
    mine = {LEASE_TAG: str(lease.granted(survey.holder, now, LEASE))}
    endpoints.patch_tags(workspace, endpoint, mine)
    kept = (endpoints.read(workspace, endpoint) or {}).get("tags") or {}
    return lease.is_held(kept, survey.holder, now, rest=timedelta())


def _give_back(survey: Survey, endpoint: str) -> None:
    """What stays should not keep a promotion waiting; that the lease ends by itself is enough where this fails."""
    with suppress(MlopsError):
        workspace = survey.workspace
        found = (endpoints.read(workspace, endpoint) or {}).get("tags") or {}
        if lease.is_held(found, survey.holder, workspace.now(), rest=timedelta()):
            endpoints.patch_tags(workspace, endpoint, {LEASE_TAG: lease.FREE})


def _same_shares(now: Mapping[str, int], before: Mapping[str, int], begun: bool) -> bool:
    """Shares of 0 are listed or not, as the service likes."""
    there, was = ({name: share for name, share in one.items() if share} for one in (now, before))
    return there.items() <= was.items() if begun else there == was


def _is_gone(there: Callable[[], bool]) -> bool:
    """Done means absent from the listing, which may lag behind the deletion."""
    for attempt in range(GONE_TRIES):
        if attempt:
            clock.sleep(GONE_PAUSE)
        try:
            if not there():
                return True
        except NotFound:
            return True
    return False


def _cancel(workspace: Workspace, name: str, now: datetime) -> str:
    found = jobs.find(workspace, name)
    if found is None or found.state.ended:
        return "ended by itself"
    if marks.asked_to_keep(found.tags, now) or not found.tags.get(IDLE_SINCE_TAG):
        return CHANGED
    jobs.cancel(workspace, name)
    return "canceled"


def _release(workspace: Workspace, item: Item) -> str:
    if item.name in {one.name for one in cleanup_inventory.computes(workspace, "") if one.is_cluster}:
        cleanup_inventory.scale_to_zero(workspace, item.name)
        return "scaled to zero"
    cleanup_inventory.stop(workspace, item.name)
    return "stopped"
