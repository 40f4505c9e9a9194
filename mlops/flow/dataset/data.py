"""`mlops data show` and `mlops data stats`: prepared data as a person wants to see it. It needs no cloud."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from mlops import jsons
from mlops.domain.dataset import FILES, MANIFEST, REJECTED, Manifest, lengths
from mlops.domain.dataset.sampling import language
from mlops.domain.dataset.validate import BYTES_PER_TOKEN
from mlops.errors import BadInput, Problem
from mlops.flow.outcome import Outcome

PREPARE = "mlops prepare --no-upload"
LOOKED_AT = 5000  # training rows whose language is guessed


@dataclass(frozen=True)
class Turn:
    """A message as it is shown."""

    role: str
    content: str


@dataclass(frozen=True)
class Shown:
    """A conversation, or what is known of a row that was left out: then `detail` says why, and `turns` may be empty."""

    title: str
    turns: tuple[Turn, ...]
    detail: str = ""
    row: str = ""


@dataclass(frozen=True)
class ShowResult:
    """Some of the conversations of a part, or of the rows that were left out for a reason."""

    folder: Path
    part: str | None
    reason: str | None
    total: int
    shown: tuple[Shown, ...]


@dataclass(frozen=True)
class Bin:
    """One bar of a histogram."""

    name: str
    count: int


@dataclass(frozen=True)
class StatsResult:
    """The manifest, and the shape of the training rows: each list is a histogram.

    `learned_tokens` is the estimate for the answers, which are what the training learns.
    """

    folder: Path
    manifest: Manifest
    characters: tuple[Bin, ...]
    turns: tuple[Bin, ...]
    languages: tuple[Bin, ...]
    sources: tuple[Bin, ...]
    learned_tokens: int


def show(folder: Path, *, rows: int, split: str, reason: str | None) -> Outcome[ShowResult]:
    """The first conversations of a split, which are a random draw; or rows that were rejected for a reason."""
    if reason:
        return Outcome(_rejected(folder, reason, rows))
    found = islice(_rows(folder / FILES[split]), rows)
    shown = tuple(Shown(f"{split} {number}", _spoken(row["messages"])) for number, row in enumerate(found, 1))
    return Outcome(ShowResult(folder, split, None, _manifest(folder).rows(split), shown))


def stats(folder: Path) -> Outcome[StatsResult]:
    """Counts of each part, sources with what was rejected, and what training conversations are like."""
    manifest = _manifest(folder)
    characters: list[int] = []
    turns: list[int] = []
    learned = 0
    for row in _rows(folder / FILES["train"]):
        contents = [message["content"] for message in row["messages"]]
        characters.append(sum(map(len, contents)))
        turns.append(len(contents))
        learned += sum(len(m["content"].encode()) for m in row["messages"] if m["role"] == "assistant")
    kept = {f"{one.name} {one.split}".rstrip(): one.kept for one in manifest.sources}
    result = StatsResult(
        folder,
        manifest,
        bins(lengths(characters)),
        bins(lengths(turns)),
        languages(folder / FILES["train"], LOOKED_AT),
        _bins(kept),
        learned // BYTES_PER_TOKEN,
    )
    return Outcome(result)


def bins(pairs: Iterable[tuple[str, int]]) -> tuple[Bin, ...]:
    """Pairs of a name and a count."""
    return tuple(Bin(*pair) for pair in pairs)


def languages(path: Path, most: int) -> tuple[Bin, ...]:
    """In which languages the first rows of a prepared file seem to be; they are a random draw."""
    rows = islice(_rows(path), most)
    return _bins(Counter(language("\n".join(message["content"] for message in row["messages"])) for row in rows))


def _bins(counts: Mapping[str, int]) -> tuple[Bin, ...]:
    """The largest first."""
    return tuple(Bin(name, count) for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _rejected(folder: Path, reason: str, rows: int) -> ShowResult:
    """Rejected rows with their place; what they held, as far as it was kept."""
    known = _manifest(folder).rejected
    if reason not in known:
        said = ", ".join(f"{name} {count}" for name, count in known.items()) or "none"
        raise BadInput(Problem(f"no row was rejected as {reason!r}", str(folder), why=f"rejected: {said}"))
    found = [one for one in _rows(folder / REJECTED) if one["reason"] == reason]
    return ShowResult(folder, None, reason, len(found), tuple(_rejected_row(one) for one in found[:rows]))


def _rejected_row(one: dict[str, Any]) -> Shown:
    title = f"{one['source']} {one['split']}".rstrip() + f", row {one['position'] + 1}"
    try:
        row = jsons.read(one["row"])
    except ValueError:
        row = None
    messages = row.get("messages") if isinstance(row, dict) else None
    if isinstance(messages, list) and messages and all(isinstance(item, dict) for item in messages):
        return Shown(title, _spoken(messages), one["detail"])
    return Shown(title, (), one["detail"], one["row"])


def _spoken(messages: Iterable[dict[str, Any]]) -> tuple[Turn, ...]:
    return tuple(Turn(str(message.get("role")), str(message.get("content"))) for message in messages)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from (jsons.read(line) for line in file if line.strip())
    except FileNotFoundError:
        raise BadInput(Problem(f"there is no {path.name}", str(path.parent), fix=f"run `{PREPARE}`")) from None
    except (ValueError, OSError) as error:
        raise BadInput(Problem(f"{path.name} cannot be read", str(path), why=str(error), fix=f"{PREPARE}")) from None


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        return Manifest.from_json(path.read_bytes())
    except FileNotFoundError:
        raise BadInput(Problem("no data is prepared here", str(folder), fix=f"run `{PREPARE}`")) from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise BadInput(Problem("this is no manifest of ours", str(path), why=str(error), fix=PREPARE)) from None
