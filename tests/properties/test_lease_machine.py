"""Two runs that want the same endpoint, at any speed: at most one acts at a time, and after a crash the other may."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops.domain.promote import lease
from mlops.domain.tags import LEASE_TAG

START = datetime(2026, 3, 1, tzinfo=UTC)
LASTING = timedelta(seconds=60)
LONGEST_WRITE = 5  # seconds between looking and having written; the pre-flight between writing and looking is longer


@dataclass
class Endpoint:
    """Its tags, who acts on it, and the time."""

    tags: dict[str, str] = field(default_factory=dict)
    acting: set[str] = field(default_factory=set)
    now: datetime = START


def run(endpoint: Endpoint, name: str, speed: Iterator[int], *, dies: bool) -> Iterator[int]:
    """A promotion as `mlops.flow` goes about it; yields the seconds until it goes on."""
    while True:
        seen = dict(endpoint.tags)
        if lease.of_another(seen, name, endpoint.now):
            yield 1
            continue
        if not lease.is_held(seen, name, endpoint.now, rest=LASTING / 2):
            yield next(speed) % LONGEST_WRITE
            endpoint.tags[LEASE_TAG] = str(lease.granted(name, endpoint.now, LASTING))
            yield LONGEST_WRITE + next(speed)
            continue
        endpoint.acting.add(name)
        assert endpoint.acting == {name}, "two act at once"
        yield min(20, next(speed))
        endpoint.acting.discard(name)
        if not dies:
            endpoint.tags[LEASE_TAG] = lease.FREE
        return


@settings(max_examples=200, deadline=None)
@given(speeds=st.lists(st.integers(0, 9), min_size=12, max_size=12), later=st.integers(0, 12), dies=st.booleans())
@example(speeds=[4, 0] * 6, later=0, dies=False)
@example(speeds=[0] * 12, later=1, dies=True)
def test_at_most_one_acts_and_each_comes_to_act(speeds: list[int], later: int, *, dies: bool) -> None:
    endpoint, done = Endpoint(), 0
    waiting = [
        (0, "a", run(endpoint, "a", iter(speeds[:6] * 50), dies=dies)),
        (later, "b", run(endpoint, "b", iter(speeds[6:] * 50), dies=False)),
    ]
    while waiting:
        waiting.sort(key=lambda one: one[0])
        due, name, process = waiting.pop(0)
        endpoint.now = START + timedelta(seconds=due)
        try:
            waiting.append((due + next(process), name, process))
        except StopIteration:
            done += 1
        assert due < 600, "somebody waits for ever"
    assert done == 2
