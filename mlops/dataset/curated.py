"""The team's own files, read and judged row by row: all that is wrong is told at once, with its place.

It must not drop a row: one that cannot be used is an error, and so is one that stands twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from mlops.domain.dataset import personal
from mlops.domain.dataset.rows import Fault, Place, Reason, Source, read_curated
from mlops.domain.dataset.similar import SimilarityIndex, signature
from mlops.domain.dataset.validate import Conversation, check, encode_messages
from mlops.errors import BadInput, Problem


@dataclass(frozen=True)
class Curated:
    """A valid row of the team's own, with its place."""

    source: Source
    position: int
    place: Place
    found: Conversation

    def text(self) -> str:
        """What of it is compared for near duplicates: its turns without the system message."""
        return "\n".join(content for role, content in self.found.messages if role != "system")


@dataclass
class CuratedFiles:
    """The team's own files: all rows, all faults, all warnings."""

    max_characters: int
    max_tokens: int | None
    personal_data: Literal["warn", "refuse", "ignore"]
    near_duplicates: float
    rows: list[Curated] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    personal: list[str] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def read(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Read (path, bytes). Raises BadInput with everything that is wrong in any of them."""
        index: SimilarityIndex[Curated] = SimilarityIndex(self.near_duplicates, Curated.text)
        seen: dict[bytes, Curated] = {}
        problems: list[Problem] = []
        for path, data in files:
            source = Source(path, "curated")
            self.sources.append(source)
            for position, (place, value) in enumerate(read_curated(path, data)):
                found = value if isinstance(value, Fault) else self._judged(value, place)
                if isinstance(found, Conversation):
                    row = Curated(source, position, place, found)
                    twin = self._twin(row, seen, index)
                    if twin is None:
                        self.rows.append(row)
                        continue
                    found = twin
                problems.append(found.problem(place))
        if problems:
            raise BadInput(problems)

    def _judged(self, value: object, place: Place) -> Conversation | Fault:
        found = check(value, self.max_characters, self.max_tokens, strict=True)
        return found if isinstance(found, Fault) else self._personal_fault(found, place) or found

    def _personal_fault(self, found: Conversation, place: Place) -> Fault | None:
        """A fault, a warning or nothing, as `data.personal_data` says."""
        if self.personal_data == "ignore":
            return None
        for number, (_, content) in enumerate(found.messages):
            kinds = personal.find(content)
            if not kinds:
                continue
            fix = "replace it by a made-up value (user@example.com), or set data.personal_data in params.yaml"
            fault = Fault(Reason.PERSONAL_DATA, f"messages[{number}] seems to hold {', '.join(kinds)}", fix)
            if self.personal_data == "refuse":
                return fault
            self.personal += kinds
            self.warnings.append(Problem(fault.what, place.path, place.line, None, "data.personal_data is `warn`", fix))
        return None

    def _twin(self, row: Curated, seen: dict[bytes, Curated], index: SimilarityIndex[Curated]) -> Fault | None:
        same = seen.setdefault(encode_messages(row.found), row)
        if same is not row:
            return Fault(Reason.DUPLICATE, f"the same conversation stands at {same.place}", "remove one of the two")
        keys = signature(row.text())
        if near := index.find(keys, row):
            other, score = near
            fix = "keep the better of the two, or make them differ more"
            return Fault(Reason.NEAR_DUPLICATE, f"{score:.0%} of the text is that of {other.place}", fix)
        index.keep(keys, row)
        return None
