"""One rule about a fault, as data: which calls it is for and what happens to them.

It must not know how it is written (`text`), counted (`registry`) or carried out (`effects`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from azureml_emulator.core.errors import bad_request

Effect = Literal["status", "operation", "reset_before", "reset_after", "slow", "truncated", "stale", "body"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
STATES = ("Failed", "Canceled", "NotResponding")
# the words of the SDK for the words of the table of routes
SAME = {"create": "put", "list": "list_all", "create_version": "put_version", "create_container": "put_container"}


@dataclass(frozen=True)
class Rule:
    """A fault for calls of a route (`jobs.put`, `*.get`), and where said of one resource or method.

    `times` is how many calls meet it, 0 for no bound; `skip` is how many pass first; `seconds` is the delay of `slow`;
    `lasts` is for how many seconds of the emulator's clock it goes on after the first; `at_byte` is where a truncated
    answer ends, -1 for the middle; `stale` answers a GET as it was answered before the last change; `body` is what a
    200 holds in place of the call, as a proxy in between says it. Of a job `step` is where it ends, the first where not
    said, and `state` how.
    """

    route: str
    effect: Effect
    resource: str = "*"
    method: str = "*"
    status: int = 0
    code: str = ""
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    at_byte: int = -1
    body: str = ""
    step: str = ""
    state: str = "Failed"
    times: int = 1
    skip: int = 0
    lasts: float = 0.0

    def fits(self, route: str, method: str, parts: Sequence[str]) -> bool:
        """Whether a call is one that it is for; `parts` are the names in its path, and the path itself."""
        wanted = self.resource.lower()
        return (
            fnmatchcase(route.lower(), same(self.route).lower())
            and fnmatchcase(method.lower(), self.method.lower())
            and any(fnmatchcase(part.lower(), wanted) for part in parts)
        )


def same(route: str) -> str:
    """A route's name in the words of the table: `jobs.create` is `jobs.put`."""
    module, _, call = route.rpartition(".")
    return f"{module}.{SAME.get(call, call)}" if module else route


def check(rule: Rule, routes: Sequence[str]) -> Rule:
    """The rule, if it can be met by one of these routes. Raises a 400 that says what is wrong."""
    if not any(fnmatchcase(name.lower(), same(rule.route).lower()) for name in routes):
        near = get_close_matches(same(rule.route), routes, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else " COVERAGE.md names them all."
        raise bad_request(f"There is no route {rule.route!r}.{hint}")
    if rule.effect not in EFFECTS:
        raise bad_request(f"{rule.effect!r} is no effect; one of {', '.join(EFFECTS)}.")
    if rule.effect == "status" and not 400 <= rule.status <= 599:
        raise bad_request(f"{rule.status} is not the status of a failure: 400 to 599.")
    if rule.effect == "slow" and not rule.seconds > 0:
        raise bad_request("A slow answer needs `seconds` above 0.")
    if rule.state not in STATES:
        raise bad_request(f"A job cannot end {rule.state!r}; one of {', '.join(STATES)}.")
    if (rule.step or rule.state != STATES[0]) and not fnmatchcase("jobs.put", same(rule.route).lower()):
        raise bad_request("Only jobs have steps and states: write the fault for the route jobs.put.")
    if min(rule.times, rule.skip, rule.lasts, rule.seconds) < 0:
        raise bad_request("times, skip, lasts and seconds are 0 or more.")
    return rule


def from_json(stated: Mapping[str, Any]) -> Rule:
    """A rule from its fields. Raises a 400 that names what is unknown, missing or of another type."""
    types = {one.name: one.type for one in fields(Rule)}
    if unknown := sorted(set(stated) - set(types)):
        raise bad_request(f"A fault has no field {', '.join(unknown)}; it has {', '.join(types)}.")
    if missing := [name for name in ("route", "effect") if not stated.get(name)]:
        raise bad_request(f"A fault needs {' and '.join(missing)}.")
    for name, value in stated.items():
        if not _is(value, types[name]):
            raise bad_request(f"{name} of a fault cannot be {value!r}.")
    given = dict(stated)
    if given.get("lasts") and "times" not in given:
        given["times"] = 0
    return Rule(**given)


def _is(value: Any, wanted: Any) -> bool:
    if wanted is int or wanted is float:
        return isinstance(value, int if wanted is int else int | float) and not isinstance(value, bool)
    if wanted is str or wanted is Effect:
        return isinstance(value, str)
    return isinstance(value, Mapping) and all(isinstance(part, str) for pair in value.items() for part in pair)
