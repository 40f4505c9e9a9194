"""Reads that are acted on: one answer that is stale, or that says 404 for a moment, is not believed by itself."""

from collections.abc import Callable
from typing import TypeVar

from mlops import clock
from mlops.azure.failures import Transient
from mlops.errors import Problem

TRIES, PAUSE = 6, 0.5
T = TypeVar("T")


class Contradiction(Transient):
    """The service answers differently each time, so nothing may be concluded from what it says."""


def agreed(read: Callable[[], T], what: str) -> T:
    """What two reads in a row agree on. Raises Contradiction."""
    before = read()
    for _ in range(TRIES):
        now = read()
        if now == before:
            return now
        before = now
        clock.sleep(PAUSE)
    raise contradiction(what)


def contradiction(what: str) -> Contradiction:
    """The failure, for `what` was looked at."""
    why = "answers of the service for the same thing differ, as they may for a moment after a change"
    return Contradiction(Problem(f"{what}: nothing was changed", why=why, fix="run the same command again in a minute"))
