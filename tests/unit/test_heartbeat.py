"""A long call says that it goes on, in a thread of its own, and is silent once it has ended."""

import time

import pytest

from mlops.flow.heartbeat import heartbeat, line


@pytest.mark.parametrize(
    ("gone", "seconds", "expected"),
    [
        (90, None, "creating: 1 min 30 s so far"),
        (150, 600, "creating: 25 %, 7 min 30 s left"),
        (700, 600, "creating: 11 min 40 s so far"),  # it takes longer than was planned
        (0, 0, "creating: 0 s so far"),
    ],
)
def test_what_is_left_is_told_where_it_is_known(gone: float, seconds: float | None, expected: str) -> None:
    assert line("creating", gone, seconds) == expected


def test_one_blocking_call_is_told_of_until_it_ends_even_badly() -> None:
    said: list[str] = []

    def work() -> None:
        with heartbeat(said.append, "waiting", every=0.01):
            while len(said) < 3:
                time.sleep(0.005)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    count = len(said)
    time.sleep(0.03)
    assert len(said) == count
    assert said[0].startswith("waiting: ")
