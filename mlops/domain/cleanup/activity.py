"""How much an endpoint was used, as far as that is known. What follows from it is decided elsewhere."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Known:
    """Measured use: requests in a window, and how many grains the service answered for, zeros and gaps alike."""

    last_request: datetime | None
    requests: float
    window_start: datetime
    window_end: datetime
    points: int


@dataclass(frozen=True)
class Unknown:
    """There is no measurement."""

    why: str


Activity = Known | Unknown
