"""Reads every source into valid rows, and keeps account of those that are not.

It must not decide which of two equal rows stays, except among curated ones, where a twin is an error.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mlops.domain.dataset import personal
from mlops.domain.dataset.rows import Fault, Input, Part, Place, Reason, Rejection, Source, read_curated
from mlops.domain.dataset.similar import SimilarityIndex, signature
from mlops.domain.dataset.validate import BYTES_PER_TOKEN, TOKENS_PER_MESSAGE, Conversation, check
from mlops.errors import BadInput, Problem

LONGEST_KEPT = 4000  # characters of a rejected row that are kept for people

_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(eq=False, slots=True)
class Row:
    """A valid conversation, kept as the line that will be written. `keys` are for the search for near duplicates."""

    source: Source
    position: int
    part: Part
    line: bytes
    digest: bytes
    keys: tuple[int, ...]
    characters: int
    tokens: int
    turns: int
    place: Place | None = None

    def text(self) -> str:
        """What is compared with other rows."""
        return comparable(json.loads(self.line)["messages"])


@dataclass
class Gathering:
    """The rows of all sources and the account of them. `index` holds the rows kept so far."""

    max_characters: int
    personal_data: Literal["warn", "refuse", "ignore"]
    index: SimilarityIndex[Row]
    max_tokens: int | None = None
    rows: list[Row] = field(default_factory=list)
    read: Counter[Source] = field(default_factory=Counter)
    personal: Counter[str] = field(default_factory=Counter)
    rejections: list[Rejection] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def reject(self, source: Source, position: int, reason: Reason, detail: str, value: object) -> None:
        """Count a row as not used, and keep what people need to see of it."""
        row = json.dumps(value, default=str)[:LONGEST_KEPT] if reason is not Reason.PERSONAL_DATA else ""
        self.rejections.append(Rejection(source, position, reason, detail, row))

    def add_curated(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Add the team's own files, (path, bytes). Raises BadInput with everything that is wrong in any of them."""
        problems: list[Problem] = []
        seen: dict[bytes, Row] = {}
        for path, data in files:
            source = Source(path, "curated")
            self.read[source] += 0  # a source without rows is listed too
            for position, (place, value) in enumerate(read_curated(path, data)):
                self.read[source] += 1
                found = self._curated(source, position, place, value, seen)
                if isinstance(found, Fault):
                    problems.append(found.problem(place))
                    continue
                seen[found.digest] = found
                self.index.keep(found.keys, found)
                self.rows.append(found)
        if problems:
            raise BadInput(problems)

    def _curated(
        self, source: Source, position: int, place: Place, value: object, seen: Mapping[bytes, Row]
    ) -> Row | Fault:
        found = value if isinstance(value, Fault) else check(value, self.max_characters, self.max_tokens, strict=True)
        if isinstance(found, Fault):
            return found
        fault = self._personal_fault(found, place)
        if fault:
            return fault
        row = make_row(source, position, "train", found)
        row.place = place
        return _twin(row, seen, self.index) or row

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
            self.personal.update(kinds)
            self.warnings.append(Problem(fault.what, place.path, place.line, None, "data.personal_data is `warn`", fix))
        return None

    def add_dataset(self, given: Input) -> None:
        """Add the valid rows of one split of a public dataset; count the others."""
        self.read[given.source] += 0
        look = self.personal_data != "ignore"
        for position, value in enumerate(given.rows):
            self.read[given.source] += 1
            found = check(value, self.max_characters, self.max_tokens)
            if isinstance(found, Fault):
                self.reject(given.source, position, found.reason, found.what, value)
                continue
            kinds = personal.find("\n".join(content for _, content in found.messages)) if look else ()
            if kinds and self.personal_data == "refuse":
                self.reject(given.source, position, Reason.PERSONAL_DATA, f"seems to hold {', '.join(kinds)}", value)
                continue
            self.personal.update(kinds)
            self.rows.append(make_row(given.source, position, given.part, found))


def _twin(row: Row, seen: Mapping[bytes, Row], index: SimilarityIndex[Row]) -> Fault | None:
    same = seen.get(row.digest)
    if same:
        return Fault(Reason.DUPLICATE, f"the same conversation stands at {same.place}", "remove one of the two")
    near = index.find(row.keys, row)
    if near:
        other, score = near
        fix = "keep the better of the two, or make them differ more"
        return Fault(Reason.NEAR_DUPLICATE, f"{score:.0%} of the text is that of {other.place}", fix)
    return None


def make_row(source: Source, position: int, part: Part, found: Conversation) -> Row:
    """The row of a conversation that met every rule."""
    messages = [{"content": content, "role": role} for role, content in found.messages]
    body = _encode(messages)
    line = f'{{"messages":{body},"prompt":{_encode(found.prompt)},"prompt_id":{_encode(found.prompt_id)}}}\n'
    size = sum(len(content) if content.isascii() else len(content.encode()) for _, content in found.messages)
    return Row(
        source=source,
        position=position,
        part=part,
        line=line.encode(),
        digest=hashlib.sha256(body.encode()).digest(),
        keys=signature(comparable(messages)),
        characters=found.characters,
        tokens=-(-size // BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE * len(messages),
        turns=len(messages),
    )


def comparable(messages: Iterable[Mapping[str, str]]) -> str:
    """What of a conversation is compared for near duplicates: its turns without the system message."""
    return "\n".join(message["content"] for message in messages if message["role"] != "system")
