"""The emulator's clock: real time plus an offset that a test or a rehearsal moves forward.

Tokens and certificates use real time; everything that a resource carries uses this clock.
"""

from datetime import UTC, datetime, timedelta

from azureml_emulator.core.store import Store


class Clock:
    """`now()` of the emulated services. The offset lives in the store, so it survives a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def now(self) -> datetime:
        """Emulated time, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset())

    def offset(self) -> float:
        """Seconds that this clock is ahead of real time."""
        return float(self._store.setting("clock.offset", "0"))

    def advance(self, seconds: float) -> datetime:
        """Move forward; going back is refused because resources would be younger than their children."""
        if seconds < 0:
            raise ValueError(f"the clock only moves forward, not by {seconds} s")
        self._store.set_setting("clock.offset", str(self.offset() + seconds))
        return self.now()

    def stamp(self) -> str:
        """`now()` as ARM writes it, with a Z and seven digits' place for ticks left at microseconds."""
        return iso(self.now())


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds and `Z`."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")  # a tenth of what strftime takes
    return f"{text.removesuffix('+00:00')}Z"


def parse(text: str) -> datetime:
    """The inverse of `iso`, also for the forms with an offset or without fractions."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
