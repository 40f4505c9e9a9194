"""Says every half minute that something long still goes on, for how long it has, and what is left where that is known.

It must not know what goes on. The line comes from a thread of its own: what it tells of may be one blocking call.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlops import clock
from mlops.render import duration

EVERY = 30.0  # seconds


@contextmanager
def heartbeat(
    say: Callable[[str], None], what: str, *, seconds: float | None = None, every: float = EVERY
) -> Iterator[None]:
    """While the block runs; `seconds` is how long it is to take, where that is known."""
    begun, over = clock.monotonic(), threading.Event()

    def beat() -> None:
        while not over.wait(every):
            say(line(what, clock.monotonic() - begun, seconds))

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def line(what: str, gone: float, seconds: float | None) -> str:
    """Such as `creating model-2: 1 min 30 s so far` or `baking 10 %: 25 %, 7 min 30 s left`."""
    if seconds and seconds > gone:
        return f"{what}: {int(100 * gone / seconds)} %, {duration(seconds - gone)} left"
    return f"{what}: {duration(gone)} so far"
