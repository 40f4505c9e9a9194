"""Observes the endpoints of a workspace: what they are, what was asked of them, what protects them.

Reads: the pages of the endpoints, one listing of deployments for each endpoint of ours,
one call to Azure Monitor for fifty endpoints that could go, and one more for fifty with something at 0 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mlops.azure import cleanup_inventory, deployments, endpoint_usage, endpoints
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup import idle_deployments, idle_endpoints, protect
from mlops.domain.cleanup.plan import Because, Item, ItemState, Kind
from mlops.domain.cleanup.policy import CleanupPolicy
from mlops.domain.moments import parse_date
from mlops.domain.promote.endpoint import DeploymentFacts
from mlops.domain.tags import ENVIRONMENT_TAG, OWNER_TAG


@dataclass(frozen=True)
class ObservedEndpoint:
    """An endpoint as ARM showed it, with its facts."""

    raw: Mapping[str, Any]
    usage: idle_endpoints.EndpointUsage

    @property
    def id(self) -> str:
        """The ARM id."""
        return str(self.raw["id"])

    def shares(self, field: str) -> dict[str, int]:
        """`traffic` or `mirrorTraffic` in percent by deployment."""
        stated = (self.raw.get("properties") or {}).get(field) or {}
        return {str(name): int(share) for name, share in stated.items()}


@dataclass(frozen=True)
class EndpointInventory:
    """Every endpoint of a workspace."""

    seen: tuple[ObservedEndpoint, ...]

    def names(self) -> dict[Kind, list[str]]:
        """What there is, for protect rules."""
        deployed = [f"{one.usage.name}/{each.name}" for one in self.seen for each in one.usage.deployments]
        return {Kind.ENDPOINT: [one.usage.name for one in self.seen], Kind.DEPLOYMENT: deployed}


def observe(
    policy: CleanupPolicy, workspace: Workspace, found: Sequence[Mapping[str, Any]], now: datetime
) -> EndpointInventory:
    """Every endpoint as it was listed with its deployments, and with its traffic where that decides something."""
    ours = [str(item["name"]) for item in found if _is_ours(policy, item)]
    deployed = deployments.listed_of(workspace, ours)
    gone = _gone_models(policy, workspace, deployed)
    seen = [
        ObservedEndpoint(item, _usage(policy, workspace, item, deployed.get(str(item["name"]), ()), gone))
        for item in found
    ]
    chosen = [one for one in seen if _is_measured(one.usage)]
    used = endpoint_usage.activity(workspace, [_wanted(one, policy.endpoints, now) for one in chosen], until=now)
    unknown = idle_endpoints.Unknown("not asked")
    return EndpointInventory(
        tuple(replace(one, usage=replace(one.usage, activity=used.get(one.id.lower(), unknown))) for one in seen)
    )


def judge_deployments(
    policy: CleanupPolicy, workspace: Workspace, inventory: EndpointInventory, items: Sequence[Item], now: datetime
) -> list[Item]:
    """Judge the deployments without traffic, after what was decided of their endpoints."""
    decided = {item.name: item for item in items}
    wanted = policy.deployments
    at_rest = [one for one in inventory.seen if one.usage.ours and not one.usage.unread and _candidates(one)]
    asked = [one for one in at_rest if _may_go(decided[one.usage.name])]
    since = min((idle_deployments.measured_from(one.usage, wanted, now) for one in asked), default=now)
    used = endpoint_usage.deployments_used(workspace, [one.id for one in asked], since=since, until=now)
    found = [
        idle_deployments.Endpoint(
            one.usage,
            decided[one.usage.name],
            one.shares("traffic"),
            one.shares("mirrorTraffic"),
            used.get(one.id.lower(), idle_endpoints.Unknown("not asked")),
        )
        for one in at_rest
    ]
    items = idle_deployments.judge(found, wanted, now)
    return [_kept(item, protect.protected_by(policy.rules, Kind.DEPLOYMENT, item.name)) for item in items]


def deployed_models(workspace: Workspace) -> tuple[set[str], str]:
    """Every model that any endpoint of the workspace has, ours or not; and why that is not all, where it is not.

    In two looks, as one listing may lack what is new.
    """
    labels: set[str] = set()
    unknown = ""
    for _ in range(2):
        for name, answer in deployments.listed_of(workspace, sorted(endpoints.names(workspace))).items():
            if isinstance(answer, str):
                unknown = unknown or f"what {name} serves could not be read: {answer}"
            else:
                labels |= {each.model for each in answer}
    return labels, unknown


def _is_ours(policy: CleanupPolicy, item: Mapping[str, Any]) -> bool:
    return bool((item.get("tags") or {}).get(OWNER_TAG) == policy.owner)


def _candidates(one: ObservedEndpoint) -> list[DeploymentFacts]:
    return idle_deployments.candidates(one.usage, one.shares("traffic"), one.shares("mirrorTraffic"))


def _may_go(item: Item) -> bool:
    return item.because not in (Because.PROTECTED, Because.CHANGING, Because.WAITING, Because.NOT_OURS)


def _kept(item: Item, protected_by: str) -> Item:
    if not protected_by:
        return item
    return replace(
        item, state=ItemState.KEEP, because=Because.PROTECTED, cause=None, reason=f"protected by {protected_by}"
    )


def _is_measured(usage: idle_endpoints.EndpointUsage) -> bool:
    """Azure Monitor is only asked where its answer can matter."""
    return usage.ours and not usage.protected and not usage.unread and bool(usage.deployments)


def _wanted(one: ObservedEndpoint, wanted: idle_endpoints.IdleEndpointPolicy, now: datetime) -> endpoint_usage.Wanted:
    since = idle_endpoints.measured_from(one.usage, wanted, now)
    return endpoint_usage.Wanted(one.id, since, tuple({since, now - wanted.idle}))


def _usage(
    policy: CleanupPolicy,
    workspace: Workspace,
    item: Mapping[str, Any],
    deployed: tuple[DeploymentFacts, ...] | str,
    gone: frozenset[str],
) -> idle_endpoints.EndpointUsage:
    tags, name = {str(k): str(v) for k, v in (item.get("tags") or {}).items()}, str(item["name"])
    environment = tags.get(ENVIRONMENT_TAG)
    made = parse_date((item.get("systemData") or {}).get("createdAt"))
    rule = protect.protected_by(policy.rules, Kind.ENDPOINT, name)
    why = rule or protect.protection(environment, policy.protected, policy.production, policy.include_production)
    read, unread = _trusted(item, deployed)
    lost = {each.model for each in read if each.model in gone and _is_of_workspace(each, workspace)}
    return idle_endpoints.EndpointUsage(
        name=name,
        environment=environment,
        ours=_is_ours(policy, item),
        state=str((item.get("properties") or {}).get("provisioningState")),
        created=made,
        modified=made,  # not the last change, which may be our own mark
        protected=bool(why),
        protected_by=why,
        tags=tags,
        instances=sum(each.instance_count for each in read),
        deployments=read,
        activity=idle_endpoints.Unknown("not asked"),
        unread=unread,
        gone_models=tuple(sorted(lost)),
    )


def _trusted(
    item: Mapping[str, Any], deployed: tuple[DeploymentFacts, ...] | str
) -> tuple[tuple[DeploymentFacts, ...], str]:
    """The deployments, or why they are not known: a listing without one that has traffic is late."""
    if isinstance(deployed, str):
        return (), deployed
    traffic = (item.get("properties") or {}).get("traffic") or {}
    late = sorted({name for name, share in traffic.items() if share} - {one.name for one in deployed})
    return ((), f"their listing lacks {late[0]}, which has traffic") if late else (deployed, "")


def _gone_models(
    policy: CleanupPolicy, workspace: Workspace, deployed: Mapping[str, tuple[DeploymentFacts, ...] | str]
) -> frozenset[str]:
    """Versions of our model that are deployed but no longer in the workspace; unknown is not gone."""
    name = policy.model
    served = {
        each.model
        for one in deployed.values()
        if isinstance(one, tuple)
        for each in one
        if each.model.rpartition(":")[0] == name and _is_of_workspace(each, workspace)
    }
    found = cleanup_inventory.exist(workspace, sorted(served))
    return frozenset(label for label, there in found.items() if there is False)


def _is_of_workspace(one: DeploymentFacts, workspace: Workspace) -> bool:
    """A model of a registry is not looked for in the workspace."""
    return f"/workspaces/{workspace.target.workspace}/models/".lower() in one.asset.lower()
