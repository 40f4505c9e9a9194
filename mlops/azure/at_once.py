"""Reads that do not need each other's answers, made side by side: a command then waits for the longest chain alone.

For reads over the plain client, which says nothing on standard output; the SDK's own are not made for threads.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 8
A = TypeVar("A")
B = TypeVar("B")
Key = TypeVar("Key")


def both(one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
    """What the two give. Raises the first one's failure before the second one's, as one after the other."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(one), pool.submit(other)
        return first.result(), second.result()


def beside(here: Callable[[], A], there: Callable[[], B]) -> tuple[A, B]:
    """What the two give, the first one done in this thread, as what may be interrupted. Raises as `both`."""
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(there)
        return here(), second.result()


def each(read: Callable[[Key], A], keys: Iterable[Key]) -> list[A]:
    """What a read gives for each key, in their order. Raises the failure of the first that has one."""
    wanted = list(keys)
    if len(wanted) < 2:
        return [read(key) for key in wanted]
    with ThreadPoolExecutor(min(AT_ONCE, len(wanted))) as pool:
        return list(pool.map(read, wanted))
