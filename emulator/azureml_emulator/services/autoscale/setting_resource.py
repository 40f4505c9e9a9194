"""What an autoscale setting is, and which one the service refuses.

Source: autoscale_API.json 2022-10-01 of Microsoft.Insights (REST specification): required fields, enumerations, bounds
in its descriptions; that a resource has one setting: the autoscale documentation of Azure Monitor.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

from azureml_emulator.core import arm
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.typed import At, Json, Typed

KIND = "autoscaleSettings"
TYPE = "Microsoft.Insights/autoscaleSettings"
MOST_PROFILES, MOST_RULES, MOST_TAGS = 20, 10, 15
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_TRIGGER = {
    "statistic": ("Average", "Min", "Max", "Sum", "Count"),
    "timeAggregation": ("Average", "Minimum", "Maximum", "Total", "Count", "Last"),
    "operator": ("Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"),
}
_ACTION = {
    "direction": ("None", "Increase", "Decrease"),
    "type": ("ChangeCount", "PercentChangeCount", "ExactCount", "ServiceAllowedNextValue"),
}
_SPANS = {"timeGrain": (MINUTE, 12 * HOUR), "timeWindow": (5 * MINUTE, 12 * HOUR), "cooldown": (MINUTE, 168 * HOUR)}
_OPEN = {"": None}
STATED: Json = {  # what a body is made of; what its values may be is looked at by themselves
    "location": "text",
    "properties": {
        "notifications": [_OPEN],
        "profiles": [{"capacity": _OPEN, "name": "text", "rules": [{"metricTrigger": _OPEN, "scaleAction": _OPEN}]}],
        "targetResourceUri": "text",
    },
    "tags": {"": "text"},
}


@dataclass(frozen=True, kw_only=True)
class AutoscaleSetting(Typed):
    """One setting of one resource."""

    location: Annotated[str, At("location")]
    tags: Annotated[Json, At("tags")] = field(default_factory=dict)
    target: Annotated[str, At("properties.targetResourceUri")] = ""
    profiles: Annotated[list[Json], At("properties.profiles")] = field(default_factory=list)
    enabled: Annotated[bool, At("properties.enabled")] = True

    def show(self) -> Json:
        """As ARM shows it."""
        return {**arm.shown(self.id, self.name, self.body(), ""), "type": TYPE}


def refuse(name: str, why: str) -> ServiceError:
    """The 400 of a field."""
    return ServiceError(400, "BadRequest", f"{name}: {why}", plain=True)


def check(body: Json) -> None:
    """Raises 400 for what the specification does not allow."""
    for key in ("location", "properties"):
        _required(body, key, "")
    if len(body.get("tags") or {}) > MOST_TAGS:
        raise refuse("tags", f"at most {MOST_TAGS} tags are allowed.")
    properties = body["properties"]
    profiles = _required(properties, "profiles", "properties.")
    if not isinstance(profiles, list) or not 1 <= len(profiles) <= MOST_PROFILES:
        raise refuse("properties.profiles", f"1 to {MOST_PROFILES} profiles are required.")
    _required(properties, "targetResourceUri", "properties.")
    for at, profile in enumerate(profiles):
        _profile(profile, f"properties.profiles[{at}].")


def _profile(profile: Json, at: str) -> None:
    for key in ("name", "capacity", "rules"):
        _required(profile, key, at)
    bounds = {}
    for key in ("minimum", "maximum", "default"):
        value = _required(profile["capacity"], key, f"{at}capacity.")
        if not isinstance(value, str) or not value.isdecimal():
            raise refuse(f"{at}capacity.{key}", f"{value!r} is not a number written as a string.")
        bounds[key] = int(value)
    if not bounds["minimum"] <= bounds["default"] <= bounds["maximum"]:
        raise refuse(f"{at}capacity", "minimum, default and maximum must be in that order.")
    if len(profile["rules"]) > MOST_RULES:
        raise refuse(f"{at}rules", f"at most {MOST_RULES} rules are allowed.")
    for number, rule in enumerate(profile["rules"]):
        _rule(rule, f"{at}rules[{number}].")


def _rule(rule: Json, at: str) -> None:
    trigger, action = _required(rule, "metricTrigger", at), _required(rule, "scaleAction", at)
    for key in ("metricName", "metricResourceUri", "threshold"):
        _required(trigger, key, f"{at}metricTrigger.")
    if isinstance(trigger["threshold"], bool) or not isinstance(trigger["threshold"], int | float):
        raise refuse(f"{at}metricTrigger.threshold", "it is not a number.")
    for part, where, enums in ((trigger, "metricTrigger.", _TRIGGER), (action, "scaleAction.", _ACTION)):
        for key, allowed in enums.items():
            if (value := _required(part, key, at + where)) not in allowed:
                raise refuse(f"{at}{where}{key}", f"{value!r} is not one of {', '.join(allowed)}.")
    for part, where, key in _spans(trigger, action):
        text = str(_required(part, key, at + where))
        shortest, longest = _SPANS[key]
        if not shortest <= _duration(f"{at}{where}{key}", text) <= longest:
            raise refuse(f"{at}{where}{key}", f"{text} is not between {shortest} and {longest}.")
    value = action.get("value", "1")
    if not isinstance(value, str) or not value.isdecimal() or int(value) < 1:
        raise refuse(f"{at}scaleAction.value", f"{value!r} is not a number of 1 or more written as a string.")


def _spans(trigger: Json, action: Json) -> Iterator[tuple[Json, str, str]]:
    yield (trigger, "metricTrigger.", "timeGrain")
    yield (trigger, "metricTrigger.", "timeWindow")
    yield (action, "scaleAction.", "cooldown")


def _required(stated: Json, key: str, at: str) -> Any:
    if stated.get(key) in (None, ""):
        raise refuse(f"{at}{key}", "a value is required.")
    return stated[key]


def _duration(name: str, text: str) -> timedelta:
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if not match or not any(match.groups()):
        raise refuse(name, f"{text!r} is not an ISO 8601 duration.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
