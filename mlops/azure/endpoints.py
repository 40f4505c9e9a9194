"""Managed online endpoints: read as facts, changed one thing at a time, and only where they are as they were seen."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from mlops import clock
from mlops.azure import at_once, bulk, deployments, endpoint_address
from mlops.azure.agree import PAUSE, TRIES, agreed, contradiction
from mlops.azure.failures import Conflict, NotFound
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import DeploymentFacts, EndpointFacts, EndpointState, traffic_value
from mlops.domain.promote.rollback_target import NO_NAME
from mlops.domain.tags import OWNER_TAG, PREVIOUS_TAG, TRAFFIC_TAG
from mlops.errors import Problem, RemoteFailed

PAGE = 100  # endpoints a page of the listing
# What a PUT repeats of an endpoint, as the SDK's does: the service takes away what is left out.
KEPT = ("authMode", "compute", "description", "properties", "publicNetworkAccess")
PATCH_TRIES, PATCH_PAUSE = 60, 2.0
LONGEST_VALUE = 256  # characters of a tag's value
Every = Callable[[], Collection[str]]


def _nothing() -> None:
    """What `sure` is where nobody else may change an endpoint."""


def observe(
    workspace: Workspace,
    name: str,
    owner: str,
    expected: Sequence[str] = (),
    *,
    is_empty: bool = False,
    is_likely: bool = False,
) -> EndpointFacts:
    """The endpoint as it is, `Absent` when there is none: when a read, the listing and a later read all say so.

    A deployment that the traffic, the endpoint's memory or `expected` names is read itself where the listing lacks it.
    `is_empty`: this process has just made it, so it has no deployments. `is_likely`: it is most likely there, so its
    deployments are listed at the same time. Raises Contradiction when no two answers agree.
    """
    listed: tuple[DeploymentFacts, ...] | None = () if is_empty else None
    if (is_likely or endpoint_address.is_known(workspace, name)) and not is_empty:  # or was there a moment ago
        found, listed = at_once.both(lambda: _present(workspace, name), lambda: _listed(workspace, name))
    else:
        found = _present(workspace, name)
    return _seen(workspace, name, owner, found, expected, listed)


def live(workspace: Workspace, name: str, owner: str) -> EndpointFacts:
    """The same of one that most likely is there: it is to be asked, rolled back or frozen."""
    return observe(workspace, name, owner, is_likely=True)


def first_look(workspace: Workspace, name: str, owner: str) -> EndpointFacts:
    """The same, but `Absent` by one read alone: whoever acts on that asks `is_there` before."""
    return _seen(workspace, name, owner, read(workspace, name))


def is_there(workspace: Workspace, name: str) -> bool:
    """Whether the listing or a read has an endpoint that an earlier read did not find."""
    listed, again = at_once.both(lambda: names(workspace), lambda: read(workspace, name))
    workspace.remember("endpoints as listed", listed)
    return name in listed or again is not None


def shown(workspace: Workspace, name: str, owner: str, every: Every | None = None) -> EndpointFacts:
    """The endpoint for who changes nothing: `Absent` when neither a read nor the listing, `every` if given, has it."""
    found = read(workspace, name)
    if found is None and name in (every or (lambda: names(workspace)))():
        return observe(workspace, name, owner)
    return _seen(workspace, name, owner, found)


def glimpsed(workspace: Workspace, name: str, owner: str) -> EndpointFacts:
    """The same for who only tells of it: the listing may be one that this process has made before."""
    listed: set[str] | None = workspace.known("endpoints as listed")
    return shown(workspace, name, owner, None if listed is None else lambda: listed)


def _seen(
    workspace: Workspace,
    name: str,
    owner: str,
    found: Mapping[str, Any] | None,
    expected: Sequence[str] = (),
    listed: tuple[DeploymentFacts, ...] | None = None,
) -> EndpointFacts:
    if found is None:
        return EndpointFacts(name, EndpointState.ABSENT, {}, {}, (), {}, ours=True)
    tags, stated = plain_tags(found.get("tags")), found["properties"]
    endpoint_address.keep(workspace, name, stated)
    traffic, mirror = _shares(stated.get("traffic")), _shares(stated.get("mirrorTraffic"))
    named = {*traffic, *mirror, *tags.get(PREVIOUS_TAG, "").split(), *expected}
    return EndpointFacts(
        name=name,
        state=deployments.known_state(EndpointState, stated.get("provisioningState"), f"the endpoint {name}"),
        traffic=traffic,
        mirror=mirror,
        deployments=_all_deployments(workspace, name, named, listed),
        tags=tags,
        ours=tags.get(OWNER_TAG) == owner,
        auth_mode=endpoint_address.sign_in(stated),
    )


def _present(workspace: Workspace, name: str) -> dict[str, Any] | None:
    for _ in range(TRIES):
        if found := read(workspace, name):
            return found
        if not is_there(workspace, name):
            return None
        clock.sleep(PAUSE)
    raise contradiction(f"read the endpoint {name}")


def _listed(workspace: Workspace, endpoint: str) -> tuple[DeploymentFacts, ...] | None:
    """None where the endpoint is gone."""
    try:
        return deployments.listed(workspace, endpoint)
    except NotFound:
        return None


def _all_deployments(
    workspace: Workspace, endpoint: str, named: Collection[str], listed: tuple[DeploymentFacts, ...] | None
) -> tuple[DeploymentFacts, ...]:
    listed = deployments.listed(workspace, endpoint) if listed is None else listed
    missing = {name for name in named if name != NO_NAME} - {one.name for one in listed}
    looked = at_once.each(lambda name: deployments.read(workspace, endpoint, name), sorted(missing))
    return (*listed, *(one for one in looked if one))


def _shares(stated: Mapping[str, Any] | None) -> dict[str, int]:
    return {str(name): int(percent) for name, percent in (stated or {}).items()}


def create(workspace: Workspace, name: str, *, auth_mode: str, tags: Mapping[str, str]) -> None:
    """Make an endpoint without deployments, and wait for it.

    Only where it was just seen that there is none: a PUT to one that exists would take its traffic and its tags.
    """
    modes = {ours: theirs for theirs, ours in endpoint_address.AUTH_MODES.items()}
    body = {
        "location": workspace.location,
        "identity": {"type": "SystemAssigned"},
        "tags": dict(tags),
        "properties": {"authMode": modes.get(auth_mode, auth_mode), "properties": {}, "traffic": {}},
    }
    workspace.change("PUT", endpoint_address.url(workspace, name), f"create the endpoint {name}", json=body)


def deploy(
    workspace: Workspace, seen: EndpointFacts, spec: deployments.DeploymentSpec, sure: Callable[[], object] = _nothing
) -> None:
    """Make a deployment that gets no traffic, and wait for it. A container that fails to start raises RemoteFailed.

    Raises Conflict when the endpoint is no longer as it was `seen`, or has such a deployment after all, and what `sure`
    raises, which is called at the same moment: whoever may change the endpoint no longer finds that out there.
    """

    def look() -> DeploymentFacts | None:
        return deployments.read(workspace, seen.name, spec.name)

    def unchanged() -> object:
        # where nothing is, there is nothing of anybody's that could be overrun
        return _unchanged(workspace, seen, sure) if seen.deployments or seen.traffic else sure()

    _, found = at_once.both(unchanged, look)
    if found:
        why = "it is there, although it was not a moment ago"
        raise Conflict(Problem(f"create the deployment {spec.name} of {seen.name}", why=why))
    deployments.put(workspace, seen.name, spec)


def set_traffic(
    workspace: Workspace,
    seen: EndpointFacts,
    traffic: Mapping[str, int],
    tags: Mapping[str, str | None],
    *,
    mirror: Mapping[str, int] | None = None,
    sure: Callable[[], object] = _nothing,
) -> None:
    """Divide the endpoint's traffic, set or end mirroring and change tags in one request, and wait until it is so.

    The shares are written in a tag, too, so that what somebody else makes of them is seen. Raises Conflict when the
    endpoint is no longer as it was `seen`, and what `sure` raises, as `deploy`.
    """
    name = seen.name
    if seen.live and not any(traffic.values()):
        raise ValueError(f"{name} has live traffic, which is not to be taken from all")
    found = _unchanged(workspace, seen, sure)
    shares = {
        "traffic": {deployment: percent for deployment, percent in traffic.items() if percent},
        "mirrorTraffic": {deployment: percent for deployment, percent in (mirror or {}).items() if percent},
    }
    body = {
        "location": found["location"],
        "identity": endpoint_address.identity(found),
        "tags": _merged(found.get("tags"), {**tags, TRAFFIC_TAG: traffic_value(traffic)[:LONGEST_VALUE] or None}),
        "properties": {key: found["properties"].get(key) for key in KEPT} | shares,
    }
    workspace.change("PUT", endpoint_address.url(workspace, name), f"set the traffic of {name}", json=body)


def set_tags(workspace: Workspace, name: str, tags: Mapping[str, str | None]) -> None:
    """Set tags of an endpoint and nothing else, and see that they are kept. Raises RemoteFailed when they are not."""
    kept = patch_tags(workspace, name, tags)
    if any(kept.get(key) != value for key, value in tags.items()):
        fix = "run the same command again"
        raise RemoteFailed(Problem(f"tag the endpoint {name}: the service did not keep it", fix=fix))


def patch_tags(workspace: Workspace, name: str, tags: Mapping[str, str | None]) -> dict[str, str]:
    """Set tags and nothing else, so that no traffic of somebody else can be overwritten; a value of None removes one.

    Waits until it is so, and gives the tags that the endpoint has then.
    """
    url, what = endpoint_address.url(workspace, name), f"tag the endpoint {name}"
    # All of them, lest a service that replaces rather than merges drops the others; and none of a stale answer.
    before = agreed(lambda: plain_tags(workspace.send("GET", url, what).json().get("tags")), what)
    workspace.send("PATCH", url, what, json={"tags": {**before, **tags}})
    for _ in range(PATCH_TRIES):
        shown = workspace.send("GET", url, what).json()
        if str(shown["properties"]["provisioningState"]) != "Updating":
            break
        clock.sleep(PATCH_PAUSE)
    return plain_tags(shown.get("tags"))


def scale(
    workspace: Workspace,
    seen: EndpointFacts,
    name: str,
    count: int,
    tags: Mapping[str, str],
    sure: Callable[[], object] = _nothing,
) -> None:
    """Scale a deployment, if the endpoint is as it was `seen`. Raises as `set_traffic`."""
    _unchanged(workspace, seen, sure)
    deployments.scale(workspace, seen.name, name, count, tags)


def delete_idle(workspace: Workspace, seen: EndpointFacts, name: str, sure: Callable[[], object] = _nothing) -> None:
    """Delete a deployment without traffic, if the endpoint is as it was `seen`. Raises as `set_traffic`."""
    deployments.delete(workspace, seen.name, name, lambda: _unchanged(workspace, seen, sure))


def delete(workspace: Workspace, name: str, sure: Callable[[], object] = _nothing) -> None:
    """Delete an endpoint with its deployments and their autoscale settings, and wait until it is gone.

    `sure` is called right before each of the two, as Azure takes no condition with a deletion.
    """
    from mlops.azure import autoscale

    autoscale.remove(workspace, name, sure=sure)
    sure()
    workspace.change("DELETE", endpoint_address.url(workspace, name), f"delete the endpoint {name}")


def names(workspace: Workspace) -> set[str]:
    """Every endpoint that the workspace lists: a deletion is done when the name is no longer among these."""
    return {str(item["name"]) for item in listing(workspace)}


def listing(workspace: Workspace) -> list[dict[str, Any]]:
    """Every endpoint as ARM shows it, with creation times, which the SDK's own entities leave out."""
    return bulk.listing(
        workspace, f"onlineEndpoints?api-version={endpoint_address.API}&count={PAGE}", "list the endpoints"
    )


def read(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """One endpoint as ARM shows it, or None."""
    return workspace.look(endpoint_address.url(workspace, name), f"read the endpoint {name}")


def _unchanged(workspace: Workspace, seen: EndpointFacts, sure: Callable[[], object]) -> dict[str, Any]:
    """The endpoint, if it still is as it was seen. Raises Conflict, after which it is looked at again, or as `sure`."""

    def look() -> dict[str, Any]:
        found = read(workspace, seen.name)
        if found is not None:
            shown = found["properties"]
            live = {name: percent for name, percent in _shares(shown.get("traffic")).items() if percent}
            mirror = {name: percent for name, percent in _shares(shown.get("mirrorTraffic")).items() if percent}
            before = {name: percent for name, percent in seen.mirror.items() if percent}
            if (live, mirror, plain_tags(found.get("tags"))) == (seen.live, before, dict(seen.tags)):
                return found
        why = "it is not as it was a moment ago" if found else "it was there a moment ago, and now it is not found"
        raise Conflict(Problem(f"change the endpoint {seen.name}", why=why, fix="run the same command again"))

    return at_once.both(look, sure)[0]  # what has changed says more than that somebody took over


def _merged(before: Mapping[str, str] | None, changes: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in {**(before or {}), **changes}.items() if value is not None}
