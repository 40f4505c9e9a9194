"""Reads that do not need each other's answers, made side by side: a command then waits for the longest chain alone.

For reads over the plain client, which says nothing on standard output; the SDK's own are not made for threads. A
failure is raised when all that had begun has ended. An interrupt waits for nothing, and neither does the end of the
program: a canceled step has ten seconds, and a service that does not answer takes them all.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TypeVar

AT_ONCE = 8
A = TypeVar("A")
B = TypeVar("B")
Key = TypeVar("Key")


def both(one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
    """What the two give. Raises the first one's failure before the second one's, as one after the other."""
    first: Future[A] = Future()
    thread = _thread(lambda: _settle(first, one))
    try:
        return beside(first.result, other)
    except Exception:
        thread.join()
        raise


def beside(here: Callable[[], A], there: Callable[[], B]) -> tuple[A, B]:
    """What the two give, the first one done in this thread, as what may be interrupted. Raises as `both`."""
    second: Future[B] = Future()
    thread = _thread(lambda: _settle(second, there))
    try:
        return here(), second.result()
    except Exception:
        thread.join()
        raise


def each(read: Callable[[Key], A], keys: Iterable[Key]) -> list[A]:
    """What a read gives for each key, in their order. Raises the failure of the first that has one."""
    wanted = list(keys)
    if len(wanted) < 2:
        return [read(key) for key in wanted]
    found: list[Future[A]] = [Future() for _ in wanted]
    left = deque(zip(wanted, found, strict=True))

    def work() -> None:
        while True:
            try:
                key, future = left.popleft()
            except IndexError:
                return
            _settle(future, lambda key=key: read(key))  # type: ignore[misc]

    threads = [_thread(work) for _ in range(min(AT_ONCE, len(wanted)))]
    try:
        return [future.result() for future in found]
    except Exception:
        left.clear()
        for thread in threads:
            thread.join()
        raise


def once(read: Callable[[], A]) -> Callable[[], A]:
    """A read that several threads want: the first one makes it, and all get its answer."""
    lock, found = threading.Lock(), list[A]()

    def answer() -> A:
        with lock:
            if not found:
                found.append(read())
        return found[0]

    return answer


def _thread(work: Callable[[], None]) -> threading.Thread:
    """A pool's threads are waited for at the end of the program; a daemon is not."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _settle(future: "Future[A]", work: Callable[[], A]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is wanted
        future.set_exception(error)
