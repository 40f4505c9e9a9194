"""Which commit is before which; a clone without the history says so, once, and the time of submission decides."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops import history

SHORT = 12


@dataclass
class Ancestry:
    """The history of a folder's repository, as `mlops.domain.release.precedence.IsAncestor` asks it."""

    folder: Path
    say: Callable[[str], None]
    _told: bool = False

    def __call__(self, one: str, other: str) -> bool | None:
        """Whether the first commit is before the second; None where this clone cannot tell."""
        found = history.is_ancestor(self.folder, one, other)
        if found is None and not self._told:
            self._told = True
            both = f"{one[:SHORT]} and {other[:SHORT]}"
            what = f"this clone's history does not tell which of {both} came first, so the time of submission decides"
            self.say(f"{what}; `git fetch --unshallow`, or fetch-depth: 0 of actions/checkout, brings the history")
        return found
