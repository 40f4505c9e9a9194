"""What is planned for an item, or became of it, as one word for people and programs."""

from collections.abc import Mapping
from enum import StrEnum

from mlops.domain.cleanup.plan import Because, Item, ItemState


class Status(StrEnum):
    """Planned (kept to held back), or done (marked to failed)."""

    KEPT = "kept"
    REPORTED = "reported"
    TO_MARK = "to mark"
    TO_UNMARK = "to unmark"
    TO_DELETE = "to delete"
    TO_CANCEL = "to cancel"
    TO_RELEASE = "to release"
    TO_ARCHIVE = "to archive"
    HELD_BACK = "held back"
    MARKED = "marked"
    MARK_REMOVED = "mark removed"
    DELETED = "deleted"
    CANCELED = "canceled"
    ENDED = "ended by itself"
    ARCHIVED = "archived"
    SCALED_TO_ZERO = "scaled to zero"
    STOPPED = "stopped"
    CHANGED = "kept: it changed"
    FAILED = "failed"


ENDS_MACHINES = frozenset({Status.DELETED, Status.CANCELED, Status.SCALED_TO_ZERO, Status.STOPPED})
Key = tuple[str, str, str]
_PLANNED = {
    ItemState.KEEP: Status.KEPT,
    ItemState.REPORT: Status.REPORTED,
    ItemState.MARK: Status.TO_MARK,
    ItemState.UNMARK: Status.TO_UNMARK,
    ItemState.DELETE: Status.TO_DELETE,
    ItemState.CANCEL: Status.TO_CANCEL,
    ItemState.RELEASE: Status.TO_RELEASE,
    ItemState.ARCHIVE: Status.TO_ARCHIVE,
    ItemState.REFUSED: Status.HELD_BACK,
}


def status_of(item: Item, done: Mapping[Key, Status]) -> Status:
    """What became of an item by its key, else what is planned for it."""
    if item.key in done:
        return done[item.key]
    return Status.MARKED if item.because is Because.WAITING else _PLANNED[item.state]
