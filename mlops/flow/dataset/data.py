"""`mlops data`: prepared data and the team's own conversations, as a person wants to see them. It needs no cloud."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from mlops import history
from mlops.domain.dataset import FILES, MANIFEST, REJECTED, Manifest, lengths
from mlops.domain.dataset.difference import Difference, Placed, difference
from mlops.domain.dataset.manifest import FileEntry, SourceEntry
from mlops.errors import BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome

PREPARE = "mlops prepare --no-upload"


@dataclass(frozen=True)
class Message:
    """One message as it is trained on."""

    role: str
    content: str


@dataclass(frozen=True)
class ShownRow:
    """A conversation of a split, or what was kept of a row that was rejected: `place` and `detail` say where and why.

    `text` is the row as it stood where no conversation can be read from it.
    """

    messages: tuple[Message, ...]
    place: str = ""
    detail: str = ""
    text: str = ""


@dataclass(frozen=True)
class DataShowResult:
    """The first rows of a split, which are a random draw, or of those rejected as `reason`, out of `total`."""

    split: str
    reason: str | None
    file: Path
    total: int
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True)
class LengthRange:
    """How many training conversations have so many characters, both ends included."""

    characters: str
    conversations: int


@dataclass(frozen=True)
class DataStatsResult:
    """A prepared version: its files, its sources with what was rejected, and how long conversations are."""

    version: str
    recipe: str
    folder: Path
    files: Mapping[str, FileEntry]
    sources: tuple[SourceEntry, ...]
    rejected: Mapping[str, int]
    personal_data: Mapping[str, int]
    lengths: tuple[LengthRange, ...]


@dataclass(frozen=True)
class PlacedConversation:
    """A conversation, by file and line, with how many messages it has and what it begins with."""

    place: str
    messages: int
    begins: str


@dataclass(frozen=True)
class EditedConversation:
    """A conversation that goes on in another way than before; `changed` numbers its messages that differ, from 0."""

    before: str
    after: str
    changed: tuple[int, ...]
    begins: str


@dataclass(frozen=True)
class Count:
    """A number of the conversations, before and now."""

    name: str
    before: int
    now: int


@dataclass(frozen=True)
class DataDiffResult:
    """What the working tree adds to, removes from and edits in the conversations of a commit.

    `invalid_before` and `invalid_now` count rows that are no conversations, and were not compared.
    """

    revision: str
    added: tuple[PlacedConversation, ...]
    removed: tuple[PlacedConversation, ...]
    edited: tuple[EditedConversation, ...]
    unchanged: int
    numbers: tuple[Count, ...]
    invalid_before: int
    invalid_now: int


def show(folder: Path, *, rows: int, split: str, reason: str | None) -> Outcome[DataShowResult]:
    """The first conversations of a split, which are a random draw; or rows that were rejected for a reason."""
    manifest = _manifest(folder)
    if reason:
        return Outcome(_rejected(folder, manifest, split, reason, rows))
    path = folder / FILES[split]
    found = tuple(ShownRow(_messages(row["messages"])) for row in islice(_rows(path), rows))
    return Outcome(DataShowResult(split, None, path, manifest.rows(split), found))


def stats(folder: Path) -> Outcome[DataStatsResult]:
    """Counts of each part, sources with what was rejected, and how long conversations are."""
    manifest = _manifest(folder)
    characters = [sum(len(m["content"]) for m in row["messages"]) for row in _rows(folder / FILES["train"])]
    result = DataStatsResult(
        version=manifest.digest,
        recipe=manifest.recipe,
        folder=folder,
        files=manifest.files,
        sources=tuple(manifest.sources),
        rejected=manifest.rejected,
        personal_data=manifest.personal_data,
        lengths=tuple(LengthRange(*one) for one in lengths(characters)),
    )
    return Outcome(result)


def diff(context: Context, revision: str) -> Outcome[DataDiffResult]:
    """What the curated conversations of the working tree add to, remove from and edit in those of a commit."""
    top = history.top(context.root)
    if not history.known(top, revision):
        fix = "name a commit, branch or tag of this clone; a shallow clone has few: git fetch --unshallow"
        raise BadInput(Problem(f"git knows no commit {revision!r}", str(top), fix=fix))
    root, folder = context.root.resolve(), (context.root / context.params.data.curated).resolve()
    below = folder.relative_to(top).as_posix() if folder != top else "."
    named = {path: (top / path).relative_to(root).as_posix() for path in history.files(top, revision, below)}
    then = [path for path, name in named.items() if context.params.is_curated(name)]
    before = [(path, history.content(top, revision, path)) for path in then]
    return Outcome(_difference(difference(before, observe.curated_files(context.project)), revision))


def _difference(found: Difference, revision: str) -> DataDiffResult:
    edited = (
        EditedConversation(str(one.before.place), str(one.after.place), tuple(one.messages), _begins(one.after))
        for one in found.edited
    )
    return DataDiffResult(
        revision=revision,
        added=tuple(map(_placed, found.added)),
        removed=tuple(map(_placed, found.removed)),
        edited=tuple(edited),
        unchanged=found.unchanged,
        numbers=tuple(Count(name, old, new) for name, (old, new) in found.numbers.items()),
        invalid_before=found.invalid[0],
        invalid_now=found.invalid[1],
    )


def _placed(row: Placed) -> PlacedConversation:
    return PlacedConversation(str(row.place), len(row.found.messages), _begins(row))


def _begins(row: Placed) -> str:
    return " ".join(row.found.messages[0][1].split())


def _rejected(folder: Path, manifest: Manifest, split: str, reason: str, rows: int) -> DataShowResult:
    """Rejected rows with their place; what they held, as far as it was kept."""
    known = manifest.rejected
    if reason not in known:
        said = ", ".join(f"{name} {count}" for name, count in known.items()) or "none"
        raise BadInput(Problem(f"no row was rejected as {reason!r}", str(folder), why=f"rejected: {said}"))
    found = [one for one in _rows(folder / REJECTED) if one["reason"] == reason]
    return DataShowResult(split, reason, folder / REJECTED, len(found), tuple(map(_rejected_row, found[:rows])))


def _rejected_row(one: dict[str, Any]) -> ShownRow:
    place = f"{one['source']} {one['split']}".rstrip() + f", row {one['position'] + 1}"
    try:
        row = json.loads(one["row"])
    except ValueError:
        row = None
    messages = row.get("messages") if isinstance(row, dict) else None
    if isinstance(messages, list) and messages and all(isinstance(item, dict) for item in messages):
        return ShownRow(_messages(messages), place, one["detail"])
    return ShownRow((), place, one["detail"], one["row"])


def _messages(found: list[dict[str, Any]]) -> tuple[Message, ...]:
    return tuple(Message(str(item.get("role")), str(item.get("content"))) for item in found)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.strip())
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
