"""Does the same to many things in two processes, where there is a second core; what is computed is the same.

It must not know what is done. The second process is a fork that takes every other thing, and ends with its results.
"""

import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn, TypeVar

T = TypeVar("T")
R = TypeVar("R")
FEWEST = 8  # things for which a fork is worth it


def each(work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """The results in order. Raises what the first thing fails with that fails, as a loop over them would."""
    if len(things) < FEWEST or not _may_fork():
        return [work(thing) for thing in things]
    back, result = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(back)
        _answer(result, work, things[1::2])
    os.close(result)
    with os.fdopen(back, "rb") as file:
        own = _until_failure(work, things[::2])
        said = file.read()
    os.waitpid(pid, 0)
    other: list[R] = pickle.loads(said) if said else []  # noqa: S301 - of the fork
    known = {2 * n: one for n, one in enumerate(own)} | {2 * n + 1: one for n, one in enumerate(other)}
    # What is missing failed, or the fork was killed: it is done here, where it fails in its turn.
    return [known[n] if n in known else work(thing) for n, thing in enumerate(things)]


def _may_fork() -> bool:
    """Whether there is a core for a fork, and no thread that could hold a lock in it for ever."""
    return (
        sys.platform == "linux"
        and len(os.sched_getaffinity(0)) > 1
        and threading.active_count() == 1
        and len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 - of numpy's own, too
    )


def _until_failure(work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    found: list[R] = []
    with suppress(Exception):
        for thing in things:
            found.append(work(thing))  # noqa: PERF401 - what was found before a failure counts
    return found


def _answer(result: int, work: Callable[[T], R], things: Sequence[T]) -> NoReturn:
    """As the fork: nothing of what the other process prints is said twice, and its output ends with it."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for own in (0, 1, 2):
            os.dup2(nothing, own)
        said = pickle.dumps(_until_failure(work, things))
        with os.fdopen(result, "wb") as file:
            file.write(said)
    finally:
        os._exit(0)
