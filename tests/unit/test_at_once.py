"""Reads side by side: each begins before any has ended, results keep their order, the first failure is told."""

import sys
import threading
import time

import pytest

from mlops.azure import at_once
from mlops.azure.failures import translated
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace


def test_both_are_under_way_at_the_same_time() -> None:
    met = threading.Barrier(2)  # who comes alone would never leave it

    def read(name: str) -> str:
        met.wait()
        return name

    assert at_once.both(lambda: read("one"), lambda: read("other")) == ("one", "other")


def test_each_gives_the_answers_in_the_order_of_the_keys() -> None:
    later = threading.Event()

    def read(key: str) -> str:
        if key == "first":
            later.wait()
        else:
            later.set()
        return key.upper()

    assert at_once.each(read, ["first", "second"]) == ["FIRST", "SECOND"]
    assert at_once.each(read, []) == []


def test_of_two_failures_the_first_ones_is_told() -> None:
    later = threading.Event()

    def first() -> None:
        later.wait()
        raise KeyError("first")

    def second() -> None:
        later.set()
        raise ValueError("second")

    with pytest.raises(KeyError, match="first"):
        at_once.both(first, second)
    later.clear()
    with pytest.raises(KeyError, match="first"):
        at_once.each(lambda read: read(), [first, second])


def test_of_threads_that_want_the_same_one_reads() -> None:
    workspace = Workspace(Target("azure", "s", "g", "w", ""), None)
    reads: list[int] = []
    met = threading.Barrier(8)

    def read() -> int:
        reads.append(1)
        return len(reads)

    def want(_: int) -> int:
        met.wait()
        return workspace.remembered("it", read)

    assert at_once.each(want, range(8)) == [1] * 8


def test_a_thread_leaves_the_output_of_the_process_alone(capsys: pytest.CaptureFixture[str]) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def read() -> None:
        with translated("read something"):
            inside.set()
            go_on.wait()

    def say() -> None:
        inside.wait()
        print("said meanwhile", file=sys.stdout)
        go_on.set()

    at_once.both(read, say)
    assert capsys.readouterr().out == "said meanwhile\n"


def test_a_read_that_several_want_is_made_once() -> None:
    made: list[int] = []

    def read() -> int:
        time.sleep(0.01)
        made.append(1)
        return len(made)

    every = at_once.once(read)
    assert at_once.each(lambda _: every(), range(6)) == [1] * 6
    assert made == [1]
