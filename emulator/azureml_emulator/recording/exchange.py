"""One call and its answer, as a recording keeps them: a line of JSON each."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """A call and its answer. Bodies are JSON values; of another body only its length is kept."""

    method: str
    url: str
    sent: Any = None
    sent_headers: dict[str, str] = field(default_factory=dict)
    sent_bytes: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    received: Any = None


class BadRecording(ValueError):
    """A file that is no recording; says the line."""


def write(path: Path, exchanges: Iterable[Exchange]) -> int:
    """Write a recording; gives the number of its exchanges."""
    lines = [json.dumps({key: value for key, value in asdict(one).items() if value}) for one in exchanges]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


def read(path: Path) -> Iterator[Exchange]:
    """The exchanges of a recording. Raises BadRecording and OSError."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield Exchange(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise BadRecording(f"line {number} of {path} is no exchange: {error}") from error
