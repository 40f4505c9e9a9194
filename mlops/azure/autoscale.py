"""Autoscale settings of Azure Monitor for deployments: read, written, deleted.

Source: Microsoft.Insights/autoscaleSettings 2022-10-01 (REST specification), and how-to-autoscale-endpoints: the target
is the deployment, and so is the resource whose utilization is measured.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops.azure import bulk
from mlops.azure.failures import Denied, NotFound, Transient
from mlops.azure.translate import seconds
from mlops.azure.workspace import Workspace
from mlops.domain.serving.autoscale import AutoscaleSpec
from mlops.domain.tags import OWNER_TAG

API = "2022-10-01"
KIND = "providers/Microsoft.Insights/autoscaleSettings"
GRAIN = "PT1M"
PROFILE = "mlops"


@dataclass(frozen=True)
class AutoscaleFacts:
    """One setting; `spec` None: it has rules that mlops does not write."""

    name: str
    deployment: str
    ours: bool
    spec: AutoscaleSpec | None


def listed(workspace: Workspace, endpoint: str) -> tuple[AutoscaleFacts, ...]:
    """The settings of an endpoint's deployments, whoever made them."""
    found = bulk.pages(
        workspace, f"{_group(workspace)}?api-version={API}", f"list the autoscale settings of {endpoint}"
    )
    above = f"{workspace.id}/onlineEndpoints/{endpoint}/deployments/".lower()
    seen = []
    for item in found:
        target = str((item.get("properties") or {}).get("targetResourceUri") or "")
        if target.lower().startswith(above):
            ours = OWNER_TAG in (item.get("tags") or {})
            seen.append(
                AutoscaleFacts(str(item["name"]), target[len(above) :], ours, of_properties(item["properties"]))
            )
    return tuple(seen)


def put(workspace: Workspace, endpoint: str, deployment: str, spec: AutoscaleSpec, owner: str) -> None:
    """Make the setting of a deployment, or replace ours."""
    target = f"{workspace.id}/onlineEndpoints/{endpoint}/deployments/{deployment}"
    url = f"{_group(workspace)}/{endpoint}-{deployment}-{workspace.hash}?api-version={API}"
    body = {
        "location": workspace.location,
        "tags": {OWNER_TAG: owner},
        "properties": to_properties(spec, target),
    }
    workspace.send("PUT", url, f"set the autoscale of {deployment} of {endpoint}", json=body)


def delete(workspace: Workspace, name: str) -> None:
    """Delete a setting; the deployment keeps the instances that it has."""
    workspace.send("DELETE", f"{_group(workspace)}/{name}?api-version={API}", f"delete the autoscale setting {name}")


def remove(
    workspace: Workspace, endpoint: str, deployment: str | None = None, sure: Callable[[], object] = lambda: None
) -> None:
    """Delete our settings of one deployment, or of all of an endpoint, before these are deleted.

    Whoever may not read them made none, and an outage of Azure Monitor does not keep a deployment alive. `sure` is
    called before anything is deleted, and what it raises goes on.
    """
    try:
        found = listed(workspace, endpoint)
    except (Denied, NotFound, Transient):
        return
    ours = [one.name for one in found if one.ours and deployment in (None, one.deployment)]
    if ours:
        sure()
    for name in ours:
        delete(workspace, name)


def to_properties(spec: AutoscaleSpec, target: str) -> dict[str, Any]:
    """What a setting of `target`, the id of a deployment, is written with."""
    capacity = {name: str(getattr(spec, name)) for name in ("minimum", "maximum", "default")}
    return {
        "enabled": True,
        "targetResourceUri": target,
        "profiles": [{"name": PROFILE, "capacity": capacity, "rules": _rules(spec, target)}],
    }


def _rules(spec: AutoscaleSpec, target: str) -> list[dict[str, Any]]:
    return [
        _rule(target, spec, "GreaterThan", spec.scale_out_above, "Increase"),
        _rule(target, spec, "LessThan", spec.scale_in_below, "Decrease"),
    ]


def _rule(target: str, spec: AutoscaleSpec, operator: str, threshold: float, direction: str) -> dict[str, Any]:
    return {
        "metricTrigger": {
            "metricName": spec.metric,
            "metricResourceUri": target,
            "timeGrain": GRAIN,
            "statistic": "Average",
            "timeWindow": f"PT{spec.window_minutes}M",
            "timeAggregation": "Average",
            "operator": operator,
            "threshold": threshold,
        },
        "scaleAction": {
            "direction": direction,
            "type": "ChangeCount",
            "value": "1",
            "cooldown": f"PT{spec.cooldown_minutes}M",
        },
    }


def of_properties(properties: Mapping[str, Any]) -> AutoscaleSpec | None:
    """What a setting says, where it has the form of ours and is on."""
    try:
        (profile,) = properties["profiles"]
        out, back = profile["rules"]
        if not properties.get("enabled", True) or profile.get("recurrence") or profile.get("fixedDate"):
            return None
        capacity, trigger = profile["capacity"], out["metricTrigger"]
        found = AutoscaleSpec(
            minimum=int(capacity["minimum"]),
            maximum=int(capacity["maximum"]),
            default=int(capacity["default"]),
            metric=str(trigger["metricName"]),
            scale_out_above=float(trigger["threshold"]),
            scale_in_below=float(back["metricTrigger"]["threshold"]),
            window_minutes=_minutes(trigger["timeWindow"]),
            cooldown_minutes=_minutes(out["scaleAction"]["cooldown"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
    mine = _rules(found, str(properties["targetResourceUri"]))
    return found if all(_alike(*pair) for pair in zip(mine, (out, back), strict=True)) else None


def _alike(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether a rule does the same; what the service adds, and how it writes a duration, does not matter."""
    return all(
        _plain(value) == _plain(theirs.get(part, {}).get(name)) for part in mine for name, value in mine[part].items()
    )


def _plain(value: Any) -> str | float:
    """A value however it is written: 70 and 70.0, PT300S and PT5M, average and Average are the same."""
    if isinstance(value, int | float):
        return float(value)
    length = seconds(value) if isinstance(value, str) and value.startswith("P") else None
    return str(value).casefold() if length is None else length


def _minutes(duration: str) -> int:
    found = seconds(duration)
    if found is None or found % 60:
        raise ValueError(duration)
    return int(found // 60)


def _group(workspace: Workspace) -> str:
    names = workspace.target
    return f"{workspace.cloud.arm}/subscriptions/{names.subscription_id}/resourceGroups/{names.resource_group}/{KIND}"
