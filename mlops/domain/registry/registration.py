"""How a model gets exactly one version for a fingerprint, however many processes try, and wherever one of them ends.

The service keeps one rule: a version belongs to whoever made it first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

TRIES = 20  # each lost try means that somebody else made a version


@dataclass(frozen=True)
class KnownVersion:
    """A version that exists, archived or not; `fingerprint` is empty where it carries none."""

    version: str
    fingerprint: str


class VersionStore(Protocol):
    """The versions of one model in the service."""

    def known(self) -> Sequence[KnownVersion]:
        """Every version, archived ones too."""

    def put(self, version: str) -> bool:
        """Make a version; False when it belongs to somebody else already. To make one's own again is no error."""


class Crowded(Exception):
    """Others were faster, every time."""


def register_once(store: VersionStore, fingerprint: str) -> tuple[str, bool]:
    """The version of a fingerprint, and whether this call made it. Raises Crowded."""
    for _ in range(TRIES):
        known = store.known()
        if there := version_of(known, fingerprint):
            return there, False
        version = next_version(item.version for item in known)
        if store.put(version):
            return version_of(store.known(), fingerprint) or version, True
    raise Crowded


def version_of(known: Iterable[KnownVersion], fingerprint: str) -> str:
    """The version with that fingerprint; of several, which nobody should have made, the lowest; empty for none."""
    found = [item.version for item in known if item.fingerprint == fingerprint]
    return min(found, key=lambda version: (len(version), version), default="")


def next_version(versions: Iterable[str]) -> str:
    """One more than the largest number in use."""
    return str(max((int(version) for version in versions if version.isdecimal()), default=0) + 1)
