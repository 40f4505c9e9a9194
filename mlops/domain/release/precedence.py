"""Which of two models was asked for later: by the history of commits, else by the time at which they were submitted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

IsAncestor = Callable[[str, str], bool | None]  # whether the first commit is before the second; None: not known


@dataclass(frozen=True)
class Asked:
    """The commit that a model was asked for by, and when its run was submitted; empty and None where not known.

    A commit that returns to parameters of before asks for a model that an older commit made.
    """

    commit: str = ""
    at: datetime | None = None


def is_older(one: Asked, other: Asked, is_ancestor: IsAncestor) -> bool | None:
    """Whether the first was asked for before the other; None where neither history nor time tells."""
    if one.commit and other.commit:
        if one.commit == other.commit:
            return False
        before, after = is_ancestor(one.commit, other.commit), is_ancestor(other.commit, one.commit)
        if before or after:
            return bool(before)
    if one.at is None or other.at is None:
        return None
    return one.at < other.at
