"""What a person decided about an environment: a model that is held, a freeze, a promotion; who, when, and why.

A held model was rolled back: nothing promotes it there again until a person releases the hold. It stands on the
endpoint, in the same request that moved the traffic, and on the model's version, which outlives the endpoint.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mlops.domain.moments import parse_date
from mlops.domain.serving.settings import SHORT
from mlops.domain.tags import FROZEN_TAG, HELD_IN_PREFIX, HELD_PREFIX, SERVING_HELD_PREFIX

LONGEST = 256  # characters of a tag's value
MOST_HOLDS = 10  # on one endpoint; the oldest go first
_FORM = re.compile(r"(?P<at>\S+) by (?P<by>\S+)(?: approved by (?P<approved>\S+))?: (?P<why>.*)", re.DOTALL)


@dataclass(frozen=True)
class AuditEntry:
    """A decision. `at` None: somebody changed the tag, and only its text is known.

    `approved` names who approved it on GitHub, with commas between them; empty where nobody did, or nobody knows.
    """

    at: datetime | None
    by: str
    why: str
    approved: str = ""

    def to_tag(self) -> str:
        """`TIME by WHO: WHY`, or `TIME by WHO approved by WHOM: WHY`, cut to what a tag holds."""
        since = self.at.astimezone(UTC).isoformat(timespec="seconds") if self.at else "-"
        who = "-".join(self.by.split()) or "unknown"
        who += f" approved by {self.approved}" if self.approved else ""
        return f"{since} by {who}: {' '.join(self.why.split())}"[:LONGEST].rstrip()

    @property
    def who(self) -> str:
        """Who asked for it, and who approved it."""
        approved = f"approved by {self.approved.replace(',', ' and ')}" if self.approved else ""
        return ", ".join(part for part in (self.by, approved) if part)

    @property
    def told(self) -> str:
        """When, by whom, and why."""
        when = f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if self.at else "nobody knows when"
        why = f", because: {self.why}" if self.why else ", without a reason"
        return f"{when}{f', by {self.who}' if self.who else ''}{why}"

    def __str__(self) -> str:
        return f"since {self.told}"


def read(text: str) -> AuditEntry | None:
    """The entry in a tag's value; None where it is empty."""
    if not text.strip():
        return None
    found = _FORM.fullmatch(text + " " if text.endswith(":") else text)
    if found is None:
        return AuditEntry(None, "", text)
    return AuditEntry(parse_date(found["at"]), found["by"], found["why"].strip(), found["approved"] or "")


def frozen(tags: Mapping[str, str]) -> AuditEntry | None:
    """The freeze of an endpoint."""
    return read(tags.get(FROZEN_TAG, ""))


def held(tags: Mapping[str, str]) -> dict[str, AuditEntry]:
    """The holds on an endpoint by the model's version."""
    found = {key.removeprefix(HELD_PREFIX): read(value) for key, value in tags.items() if key.startswith(HELD_PREFIX)}
    return {version: entry for version, entry in found.items() if entry}


def held_in(model: Mapping[str, str]) -> dict[str, AuditEntry]:
    """The holds of a version by environment, by its own tags."""
    found = {
        key.removeprefix(HELD_IN_PREFIX): read(text) for key, text in model.items() if key.startswith(HELD_IN_PREFIX)
    }
    return {name: entry for name, entry in found.items() if entry}


def hold_of(endpoint: Mapping[str, str], model: Mapping[str, str], environment: str, version: str) -> AuditEntry | None:
    """The hold of a version in an environment, by the tags of the endpoint and of the model's version."""
    return held(endpoint).get(version) or read(model.get(f"{HELD_IN_PREFIX}{environment}", ""))


def serving_hold(tags: Mapping[str, str], version: str, mark: str) -> AuditEntry | None:
    """The hold of a version with the serving settings of a fingerprint, by the tags of the endpoint."""
    return read(tags.get(_serving_key(version, mark), "")) if mark else None


def serving_holds(tags: Mapping[str, str]) -> dict[tuple[str, str], AuditEntry]:
    """The holds of serving settings on an endpoint, by version and the begin of their fingerprint."""
    found = {
        tuple(key.removeprefix(SERVING_HELD_PREFIX).rsplit("-", 1)): read(value)
        for key, value in tags.items()
        if key.startswith(SERVING_HELD_PREFIX)
    }
    return {(key[0], key[-1]): entry for key, entry in found.items() if entry and len(key) == 2}


def serving_hold_tags(tags: Mapping[str, str], version: str, mark: str, entry: AuditEntry) -> dict[str, str | None]:
    """The tags of an endpoint with a new hold of serving settings; None removes those of other versions."""
    others = (key for key in tags if key.startswith(SERVING_HELD_PREFIX))
    gone: dict[str, str | None] = {key: None for key in others if not key.startswith(_serving_key(version, ""))}
    return {**gone, _serving_key(version, mark): entry.to_tag()}


def _serving_key(version: str, mark: str) -> str:
    return f"{SERVING_HELD_PREFIX}{version}-{mark[:SHORT]}"


def hold_tags(tags: Mapping[str, str], versions: list[str], entry: AuditEntry) -> dict[str, str | None]:
    """The tags of an endpoint with new holds; None removes the oldest ones that are too many."""
    before = {version: one for version, one in held(tags).items() if version not in versions}
    oldest_first = sorted(before, key=lambda version: (before[version].at or datetime.min.replace(tzinfo=UTC), version))
    surplus = oldest_first[: max(0, len(before) + len(versions) - MOST_HOLDS)]
    new: dict[str, str | None] = {f"{HELD_PREFIX}{version}": entry.to_tag() for version in versions}
    return {**new, **{f"{HELD_PREFIX}{version}": None for version in surplus}}


def release_tags(version: str, mark: str = "") -> dict[str, str | None]:
    """The tags of an endpoint without the hold of a version, and of it with the settings of a fingerprint."""
    return {f"{HELD_PREFIX}{version}": None, **({_serving_key(version, mark): None} if mark else {})}
