"""The read budget: never faster than Azure allows, whatever the number of threads, and silent when told to be."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.azure.rate_limit import LONGEST_PAUSE, Budget, seconds


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, length: float) -> None:
        self.now += max(length, 1e-6)  # as a real clock, which no sleep leaves where it was


def budget(time: Time, most: float = 250, a_second: float = 25) -> Budget:
    return Budget(most, a_second, lambda: time.now, time.sleep)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 3000))
def test_so_many_reads_take_no_less_time_than_the_bucket_refills(reads: int) -> None:
    time = Time()
    found = budget(time)
    for _ in range(reads):
        found.take()
    assert time.now == pytest.approx(max(0, reads - 250) / 25, abs=0.01)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 400)), max_size=8))
def test_in_no_stretch_of_time_more_is_sent_than_the_service_has_tokens(bursts: list[tuple[float, int]]) -> None:
    time, sent, tokens, at = Time(), 0, 250.0, 0.0
    ours = budget(time, 225, 22.5)
    for pause, count in bursts:
        time.now += pause
        for _ in range(count):
            ours.take()
            tokens, at = min(250.0, tokens + 25 * (time.now - at)), time.now
            tokens -= 1
            sent += 1
            assert tokens >= 0, f"read {sent} would have been refused"


def test_a_pause_holds_everybody_and_does_not_bring_tokens() -> None:
    time = Time()
    found = budget(time)
    found.pause(10)
    found.take()
    assert time.now >= 10
    for _ in range(25 * 10):
        found.take()
    assert time.now == pytest.approx(10.04, abs=0.05), "what came back while nobody sent may be used"
    found.pause(10_000)
    before = time.now
    found.take()
    assert time.now - before <= LONGEST_PAUSE + 1


def test_what_others_used_up_is_believed() -> None:
    time = Time()
    found = budget(time)
    found.at_most(0)
    found.take()
    assert time.now == pytest.approx(1 / 25, abs=1e-4)
    found.at_most(1000)
    assert time.now == pytest.approx(1 / 25, abs=1e-4), "more than was known does not help"


def test_threads_share_it() -> None:
    found = Budget(50, 100.0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: found.take(), range(60)))
    assert found._wait() > 0 or found._tokens < 50


@pytest.mark.parametrize(
    ("text", "meant"),
    [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("", None), (None, None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_a_header_that_is_no_number_says_nothing(text: str | None, meant: float | None) -> None:
    assert seconds(text) == meant
