"""The only `now()` and `sleep()` of the product.

Durations inside one process are measured here; judgements about the age of a resource use the service's own time,
which the gateway reads from its answers, so a runner with a wrong clock cannot delete what is young.
"""

import time as _time
from datetime import UTC, datetime


def now() -> datetime:
    """This machine's time, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds from an arbitrary start, for durations."""
    return _time.monotonic()


def sleep(seconds: float) -> None:
    """Wait that many seconds; a negative number waits not at all."""
    _time.sleep(max(0.0, seconds))
