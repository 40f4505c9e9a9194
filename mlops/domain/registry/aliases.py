"""Which version of a model is candidate, champion and previous in each environment, as tags say it.

The tags of the model itself (not of a version) are the truth: all of them change in one write, so an environment has
exactly one champion at any time. The tags of the versions repeat it for people, and keep the history.
It must not write tags.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mlops.domain.tags import ALIAS_PREFIX, CANDIDATE_PREFIX, CHAMPION_PREFIX, HISTORY_PREFIX, PREVIOUS_PREFIX

ROLES = ("champion", "previous", "candidate")
HISTORY_LIMIT = 256  # characters of a tag; the oldest entries go first
PREFIXES = {"champion": CHAMPION_PREFIX, "previous": PREVIOUS_PREFIX, "candidate": CANDIDATE_PREFIX}


@dataclass(frozen=True)
class Roles:
    """The versions with a role in one environment; empty is none."""

    champion: str = ""
    previous: str = ""
    candidate: str = ""

    def of(self, version: str) -> str:
        """The role of a version, empty for none. A champion is nothing else besides."""
        return next((role for role in ROLES if version and getattr(self, role) == version), "")


@dataclass(frozen=True)
class Aliases:
    """The roles of every environment."""

    environments: Mapping[str, Roles] = field(default_factory=dict)

    def of(self, environment: str) -> Roles:
        """The roles of one environment."""
        return self.environments.get(environment, Roles())

    def registered(self, version: str, environments: Iterable[str]) -> "Aliases":
        """A new version stands for election everywhere where it has no role yet."""
        new = [name for name in environments if not self.of(name).of(version)]
        changed = {name: replace(self.of(name), candidate=version) for name in new}
        return Aliases({**self.environments, **changed})

    def promoted(self, environment: str, version: str) -> "Aliases":
        """A version got all traffic: it is the champion, and the one before is the previous one."""
        before = self.of(environment)
        if before.champion == version:
            return self
        candidate = "" if before.candidate == version else before.candidate
        after = Roles(champion=version, previous=before.champion or before.previous, candidate=candidate)
        if after.previous == version:
            after = replace(after, previous="")
        return Aliases({**self.environments, environment: after})


def from_tags(tags: Mapping[str, str]) -> Aliases:
    """What the tags of a model say; other tags do not matter."""
    found: dict[str, Roles] = {}
    for key, version in tags.items():
        for role, prefix in PREFIXES.items():
            if environment := key.removeprefix(prefix) if key.startswith(prefix) else "":
                found[environment] = replace(found.get(environment, Roles()), **{role: version})
    return Aliases(found)


def to_tags(aliases: Aliases) -> dict[str, str | None]:
    """Every role as a tag of the model; None where the tag goes away."""
    return {
        f"{PREFIXES[role]}{name}": getattr(roles, role) or None
        for name, roles in aliases.environments.items()
        for role in ROLES
    }


@dataclass(frozen=True)
class Retag:
    """Tags to change on one version; None removes one."""

    version: str
    tags: Mapping[str, str | None]


def retags(aliases: Aliases, versions: Mapping[str, Mapping[str, str]], now: datetime) -> Sequence[Retag]:
    """What to change on the versions (version -> its tags) so that they say the same.

    Whoever stops being champion is told first, so that after every single write at most one version says it is. What
    a version is told of several environments is one write, but for that.
    """
    found: dict[tuple[bool, str], dict[str, str | None]] = {}
    for name, roles in aliases.environments.items():
        for version, tags in versions.items():
            role, said = roles.of(version), tags.get(alias_tag(name), "")
            if role != said:
                history = _history(tags.get(history_tag(name), ""), role or "retired", now)
                told = found.setdefault((role == "champion", version), {})
                told |= {alias_tag(name): role or None, history_tag(name): history}
    # sorted by the first alone: versions stay in the order in which they were found
    return [Retag(version, told) for (_, version), told in sorted(found.items(), key=lambda item: item[0][0])]


def of_a_candidate(environments: Iterable[str], now: datetime) -> dict[str, str]:
    """What a version that is registered now is told, when it is made: it has no other role anywhere."""
    found: dict[str, str] = {}
    for name in environments:
        found |= {alias_tag(name): "candidate", history_tag(name): _history("", "candidate", now)}
    return found


def alias_tag(environment: str) -> str:
    """The tag of a version that says its role."""
    return f"{ALIAS_PREFIX}{environment}"


def history_tag(environment: str) -> str:
    """The tag of a version with its roles so far, each with the time since when."""
    return f"{HISTORY_PREFIX}{environment}"


def _history(before: str, role: str, now: datetime) -> str:
    entries = [entry for entry in before.split("; ") if entry]
    entries.append(f"{role} {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    while len("; ".join(entries)) > HISTORY_LIMIT:
        entries.pop(0)
    return "; ".join(entries)
