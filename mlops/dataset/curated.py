"""The team's own files, read and judged row by row: all that is wrong is told at once, with its place.

It must not drop a row: one that cannot be used is an error, and so is one that stands twice, unless the parameters say
that duplicates are removed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mlops.dataset.near import Measured, nearly_equal
from mlops.dataset.pack import pack
from mlops.dataset.row_reading import rows_of
from mlops.domain.dataset.policies import Policies, screen
from mlops.domain.dataset.rows import Fault, NotRead, Place, Reason, Source
from mlops.domain.dataset.similar import Hashes, shingles
from mlops.domain.dataset.sources import SourceSpec
from mlops.domain.dataset.validate import Conversation, check, encode_messages
from mlops.domain.evaluation.probes import of_conversations
from mlops.domain.evaluation.probes.leaks import Questions

NEAR_FIX = (
    "keep the better of the two, make them differ more, raise data.near_duplicates (null: keep all), "
    "or let data.duplicates be `remove`"
)


@dataclass(frozen=True)
class Curated:
    """A valid row of the team's own, with its place."""

    source: Source
    position: int
    place: Place
    found: Conversation

    def shingles(self) -> Hashes:
        """What of it is compared for near duplicates."""
        return shingles("".join(content for role, content in self.found.messages if role != "system").encode())


@dataclass(frozen=True)
class Removed:
    """A row that stands twice and is left out."""

    source: Source
    position: int
    fault: Fault
    line: bytes


@dataclass
class CuratedFiles:
    """The team's own files: all rows, all faults, all warnings, and files that hold no conversations."""

    max_characters: int
    max_tokens: int | None
    policies: Policies
    near_duplicates: float | None
    specs: Sequence[SourceSpec] = ()
    remove_duplicates: bool = False
    questions: Questions = field(default_factory=Questions)
    rows: list[Curated] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    personal: Counter[str] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[Place, Fault]] = field(default_factory=list)
    warnings: list[tuple[Place, Fault]] = field(default_factory=list)
    not_read: list[NotRead] = field(default_factory=list)

    def read(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Read (path, bytes)."""
        for path, data in files:
            rows = rows_of(path, data, self.specs)
            if rows is None:
                self.not_read.append(NotRead(path, "no conversations are recognised in it"))
                continue
            source = Source(path, "curated")
            self.sources.append(source)
            for position, (place, value) in enumerate(rows):
                found = value if isinstance(value, Fault) else self._judged(value, place)
                if isinstance(found, Fault):
                    self.faults.append((place, found))
                else:
                    self.rows.append(Curated(source, position, place, found))
        self._leave_out(self._asked())
        self._leave_out(self._equal())
        if self.near_duplicates is not None:
            self._leave_out(self._nearly_equal(self.near_duplicates))

    def _judged(self, value: object, place: Place) -> Conversation | Fault:
        found = check(value, self.max_characters, self.max_tokens, strict=True)
        if isinstance(found, Fault):
            return found
        if fault := of_conversations.fault_of(value, found):
            return fault
        screened = screen(found, self.policies)
        self.warnings += [(place, fault) for fault in screened.warnings]
        self.personal.update(screened.kinds)
        self.redacted.update(screened.redacted)
        if screened.fault:
            return screened.fault
        assert screened.found
        return screened.found

    def _asked(self) -> dict[int, Fault]:
        """Rows that ask what the evaluation asks."""
        faults = ((number, self.questions.asked(row.found.messages)) for number, row in enumerate(self.rows))
        return {number: fault for number, fault in faults if fault}

    def _equal(self) -> dict[int, Fault]:
        seen: dict[bytes, Curated] = {}
        found = {}
        for number, row in enumerate(self.rows):
            same = seen.setdefault(encode_messages(row.found), row)
            if same is not row:
                what = f"the same conversation stands at {same.place}"
                fix = "remove one of the two, or let data.duplicates be `remove`"
                found[number] = Fault(Reason.DUPLICATE, what, fix)
        return found

    def _nearly_equal(self, limit: float) -> dict[int, Fault]:
        signatures = pack([row.found for row in self.rows]).rows["signature"]
        order = np.arange(len(self.rows))
        index_of = Measured(lambda number: self.rows[number].shingles())
        found = {}
        for near in nearly_equal(signatures, order, np.zeros(len(order), dtype=bool), limit, index_of):
            what = f"{near.index:.0%} of the text is that of {self.rows[near.other].place}"
            found[near.row] = Fault(Reason.NEAR_DUPLICATE, what, NEAR_FIX)
        return found

    def _leave_out(self, found: dict[int, Fault]) -> None:
        """Rows that stand twice, or stand in the evaluation: an error, or removed."""
        for number, fault in found.items():
            row = self.rows[number]
            if self.remove_duplicates:
                self.removed.append(Removed(row.source, row.position, fault, encode_messages(row.found) + b"}"))
            else:
                self.faults.append((row.place, fault))
        self.rows = [row for number, row in enumerate(self.rows) if number not in found]
