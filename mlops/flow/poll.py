"""The one loop that waits: looks, pauses a little longer each time, and gives up at its deadline."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from mlops import clock
from mlops.azure.failures import Transient

T = TypeVar("T")


@dataclass(frozen=True)
class Pauses:
    """Seconds between two looks: the first, how much longer each next one is, and the longest."""

    first: float
    factor: float = 1.0
    longest: float = 60.0

    def __iter__(self) -> Iterator[float]:
        pause = self.first
        while True:
            yield pause
            pause = min(pause * self.factor, self.longest)


def until(
    look: Callable[[], T],
    done: Callable[[T], bool],
    pauses: Pauses,
    deadline: float,
    *,
    unreachable: Callable[[Transient], None] | None = None,
) -> T:
    """What the last look gave: one that is done, or the last before `deadline` (seconds, `clock.monotonic`).

    It looks at least once. Where `unreachable` is given, a service that is out of reach is told to it and waited for;
    raises Transient when it is still out of reach at the deadline.
    """
    for pause in pauses:
        late = clock.monotonic() + pause > deadline
        try:
            found = look()
        except Transient as error:
            if unreachable is None or late:
                raise
            unreachable(error)
        else:
            if done(found) or clock.monotonic() + pause > deadline:
                return found
        clock.sleep(pause)
    raise AssertionError("the pauses do not end")
