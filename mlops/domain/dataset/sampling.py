"""For people who look at prepared data: a few conversations, and the shape of the whole.

It must not print; it gives plain values that a view renders.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlops import jsons
from mlops.domain.dataset.manifest import FILES, FileEntry

REJECTED, MANIFEST = "rejected.jsonl", "manifest.json"  # beside the prepared files
BARS = 8

SHAPE_COLUMNS = ("part", "rows", "messages", "tokens (estimate)", "characters p5", "p50", "p95", "max", "bytes")


def conversations(data: bytes) -> Iterator[dict[str, Any]]:
    """The rows of a prepared file: `{"messages": [{"content", "role"}], "prompt", "prompt_id"}`."""
    return (jsons.read(line) for line in data.split(b"\n") if line)


def sample(data: bytes, rows: int) -> list[dict[str, Any]]:
    """The first rows of a prepared file. They are a random draw, because files are shuffled by seed."""
    return [row for row, _ in zip(conversations(data), range(rows), strict=False)]


def shape(files: Mapping[str, FileEntry]) -> list[tuple[str | int, ...]]:
    """One tuple per part in the order of `SHAPE_COLUMNS`; lengths of an empty part are 0."""
    table: list[tuple[str | int, ...]] = []
    for part, name in FILES.items():
        entry = files[name]
        lengths = [entry.characters.get(key, 0) for key in ("p5", "p50", "p95", "max")]
        table.append((part, entry.rows, entry.messages, entry.tokens, *lengths, entry.bytes))
    return table


def lengths(values: Sequence[int]) -> list[tuple[str, int]]:
    """A histogram: (range of values, how many) for up to 8 ranges of equal width; the ends belong to it."""
    if not values:
        return []
    low, high = min(values), max(values)
    width = width_of(low, high)
    counts = [0] * ((high - low) // width + 1)
    for value in values:
        counts[(value - low) // width] += 1
    return named(low, high, counts)


def width_of(low: int, high: int) -> int:
    """How many values a range has."""
    return max(1, -(-(high - low + 1) // BARS))


def named(low: int, high: int, counts: Iterable[int]) -> list[tuple[str, int]]:
    """The counts of the ranges from the lowest value on, with their names."""
    width = width_of(low, high)
    starts = range(low, high + 1, width)
    return [(f"{at} to {min(high, at + width - 1)}", count) for at, count in zip(starts, counts, strict=True)]


# Scripts by the code points that a text has most of; Latin ones by frequent words. A guess, for a chart.
_SCRIPTS = (
    ("Japanese", 0x3040, 0x30FF), ("Chinese", 0x4E00, 0x9FFF), ("Korean", 0xAC00, 0xD7AF), ("Arabic", 0x0600, 0x06FF),
    ("Hebrew", 0x0590, 0x05FF), ("Cyrillic", 0x0400, 0x04FF), ("Greek", 0x0370, 0x03FF), ("Hindi", 0x0900, 0x097F),
    ("Thai", 0x0E00, 0x0E7F),
)  # fmt: skip
_WORDS = {
    "English": {"the", "and", "of", "to", "is", "that", "with", "for", "you", "what", "how"},
    "German": {"der", "die", "und", "das", "ist", "nicht", "ein", "eine", "mit", "für", "wie"},
    "French": {"le", "les", "des", "est", "une", "dans", "pour", "que", "vous", "sur", "et"},
    "Spanish": {"el", "los", "las", "una", "para", "que", "con", "por", "está", "como", "es"},
    "Italian": {"il", "gli", "che", "una", "per", "con", "sono", "della", "non", "di", "è"},
    "Portuguese": {"os", "uma", "para", "com", "não", "que", "você", "por", "como", "da", "em"},
    "Dutch": {"de", "het", "een", "van", "niet", "en", "voor", "met", "is", "dat", "je"},
}
_LONGEST_LOOK = 4000  # characters
MOSTLY = 0.2  # of the letters, from which a script names the text


def language(text: str) -> str:
    """The language that a text seems to be in; `other` where nothing says."""
    text = text[:_LONGEST_LOOK]
    if not text.isascii():
        letters = [ord(letter) for letter in text if letter.isalpha()]
        for name, low, high in _SCRIPTS:
            if sum(low <= letter <= high for letter in letters) > MOSTLY * len(letters):
                return name
    words = text.lower().split()
    scores = {name: sum(word in known for word in words) for name, known in _WORDS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else "other"
