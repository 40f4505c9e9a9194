"""Mark, then delete: a dated mark first, the deletion on a later run. Endpoints have further rules of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlops.domain.cleanup.marks import mark_value
from mlops.domain.cleanup.plan import Because, ItemState
from mlops.domain.moments import parse_date
from mlops.domain.promote.endpoint import age

MARK_LASTS = timedelta(days=30)
Verdict = tuple[ItemState, Because, str]


@dataclass(frozen=True)
class MarkThenDelete:
    """One thing's mark, how long it has to stand, and what is done in the end."""

    mark_text: str | None
    now: datetime
    grace: timedelta
    action: ItemState = ItemState.DELETE

    @property
    def mark(self) -> datetime | None:
        """The mark, if it counts: it can be read, is of the past and not of another time."""
        mark = parse_date(self.mark_text) if self.mark_text else None
        counts = mark and mark <= self.now and self.now - mark < self.grace + MARK_LASTS
        return mark if counts else None

    def kept(self, because: Because, reason: str) -> Verdict:
        """Keep, and take back a mark."""
        if not self.mark_text:
            return ItemState.KEEP, because, reason
        return ItemState.UNMARK, because, f"{reason}; its mark is removed"

    def go(self, because: Because, reason: str, since: datetime | None = None) -> Verdict:
        """Mark, wait or do it. `since` is when it was last used or changed: a mark from before that does not count."""
        mark = self.mark
        if mark is None or (since and since > mark):
            again = f"; marked anew, its mark of {self.mark_text} does not count" if self.mark_text else ""
            return ItemState.MARK, because, f"{reason}{again}"
        until, said = mark + self.grace, f"{reason}; marked {age(mark, self.now)} ago"
        if self.now < until:
            return ItemState.KEEP, Because.WAITING, f"{said}, waits until {mark_value(until)}"
        return self.action, because, said


def first(*rules: Callable[[], Verdict | None]) -> Verdict:
    """The first rule with an answer decides; the last one always has one."""
    return next(verdict for rule in rules if (verdict := rule()))
