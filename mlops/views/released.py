"""What differs from the released model, as a section of `mlops plan` and `mlops status`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops.render import Section, Table, table

if TYPE_CHECKING:
    from mlops.domain.release.drift import Drift
    from mlops.flow.release.pull_request_diff import FileChange
    from mlops.flow.release.released_diff import ReleasedDiff


def released_section(found: "ReleasedDiff") -> Section:
    """Old and new of what would be made otherwise."""
    released, conversations = found.released, found.conversations
    if released is None:
        return Section("Against what is released", ("nothing is released yet",))
    where = f"all traffic in {released.environment}" if released.environment else "no traffic"
    lines = [f"{released.model} ({where}), made by {released.job or 'an unknown run'}"]
    lines += ["nothing differs"] if not found.differences and not conversations else []
    if conversations is None:
        unknown = f"this clone does not have {released.commit}" if released.commit else "the run names no commit"
        lines.append(f"conversations are not counted: {unknown}")
    elif conversations:
        added, removed = (sum(count or 0 for count in counts) for counts in _counts(conversations))
        lines.append(f"conversations: +{added} -{removed}")
    rows = [(f"{item.kind} {item.name}".rstrip(), item.before, item.after) for item in found.differences]
    tables = (table("Changed", ("what", "released", "now"), rows), conversation_table(conversations or ()))
    return Section("Against what is released", tuple(lines), tuple(item for item in tables if item.rows))


def _counts(changes: "Sequence[FileChange]") -> tuple[list[int | None], list[int | None]]:
    return [change.added for change in changes], [change.removed for change in changes]


def conversation_table(changes: "Sequence[FileChange]") -> Table:
    """Conversations by file."""
    rows = [(change.path, change.added, change.removed) for change in changes]
    return table("Conversations", ("file", "added", "removed"), rows)


def drift_lines(found: "Sequence[Drift]") -> tuple[str, ...]:
    """What somebody changed by hand."""
    return tuple(f"changed by hand in {one.environment}: {one.what}" for one in found)
