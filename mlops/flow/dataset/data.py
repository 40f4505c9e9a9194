"""`mlops data`: prepared data and the team's own conversations, as a person wants to see them. It needs no cloud."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from mlops import history
from mlops.domain.dataset import FILES, MANIFEST, REJECTED, SHAPE_COLUMNS, Manifest, lengths, shape
from mlops.domain.dataset.difference import Difference, Placed, difference
from mlops.errors import BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context, ReportOutcome
from mlops.render import Bars, Report, Section, table

PREPARE = "mlops prepare --no-upload"
LONGEST = 20  # rows of a list that people read
EXCERPT = 120  # characters of a conversation in a list


def show(folder: Path, *, rows: int, split: str, reason: str | None) -> ReportOutcome:
    """The first conversations of a split, which are a random draw; or rows that were rejected for a reason."""
    if reason:
        return _rejected(folder, reason, rows)
    name = FILES[split]
    found = list(islice(_rows(folder / name), rows))
    sections = tuple(Section(f"{split} {number}", _spoken(row["messages"])) for number, row in enumerate(found, 1))
    total = _manifest(folder).rows(split)
    lines = (f"{len(found)} of {total} conversations of {folder / name}",)
    return ReportOutcome(Report(f"Conversations for {split}", lines, sections=sections, data={"rows": found}), {})


def stats(folder: Path) -> ReportOutcome:
    """Counts of each part, sources with what was rejected, and how long conversations are."""
    manifest = _manifest(folder)
    sources = [
        (one.name, one.split, one.read, one.kept, ", ".join(f"{key} {n}" for key, n in one.rejected.items()) or "none")
        for one in manifest.sources
    ]
    characters = [sum(len(m["content"]) for m in row["messages"]) for row in _rows(folder / FILES["train"])]
    bars = tuple(lengths(characters))
    charts = (Bars("Characters of a training conversation", "conversations", bars),) if bars else ()
    tables = (
        table("Parts", SHAPE_COLUMNS, shape(manifest)),
        table("Sources", ("source", "split", "read", "kept", "rejected"), sources),
    )
    lines = (f"version {manifest.digest}, in {folder}",)
    return ReportOutcome(Report("Prepared data", lines, tables, charts, data=json.loads(manifest.to_json())), {})


def diff(context: Context, revision: str) -> ReportOutcome:
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
    return ReportOutcome(_difference_report(difference(before, observe.curated_files(context)), revision), {})


def _difference_report(found: Difference, revision: str) -> Report:
    numbers = [(name, old, new, new - old) for name, (old, new) in found.numbers.items()]
    line = (
        f"{len(found.added)} added, {len(found.removed)} removed, {len(found.edited)} edited, "
        f"{found.unchanged} unchanged since {revision}"
    )
    invalid = ""
    if found.invalid != (0, 0):
        old, new = found.invalid
        invalid = f"rows that are no conversations, and were not compared: {old} then, {new} now; mlops plan says why"
    edited = [
        (str(one.after.place), ", ".join(map(str, one.messages)), _excerpt(one.after)) for one in found.edited[:LONGEST]
    ]
    tables = [table("Numbers", ("", revision, "now", "difference"), numbers)]
    if edited:
        tables.append(table("Edited", ("where", "messages that differ", "begins"), edited))
    for title, rows in (("Added", found.added), ("Removed", found.removed)):
        if rows:
            tables.append(table(title, ("where", "messages", "begins"), list(_listed(rows))))
    data = {
        "added": [str(one.place) for one in found.added],
        "removed": [str(one.place) for one in found.removed],
        "edited": [{"before": str(one.before.place), "after": str(one.after.place)} for one in found.edited],
        "unchanged": found.unchanged,
    }
    return Report("What changed in the conversations", (line, invalid), tuple(tables), data=data)


def _listed(rows: Sequence[Placed]) -> Iterator[tuple[str, int | None, str]]:
    for row in rows[:LONGEST]:
        yield str(row.place), len(row.found.messages), _excerpt(row)
    if len(rows) > LONGEST:
        yield f"and {len(rows) - LONGEST} more", None, ""


def _excerpt(row: Placed) -> str:
    text = " ".join(row.found.messages[0][1].split())
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


def _rejected(folder: Path, reason: str, rows: int) -> ReportOutcome:
    """Rejected rows with their place; what they held, as far as it was kept."""
    known = _manifest(folder).rejected
    if reason not in known:
        said = ", ".join(f"{name} {count}" for name, count in known.items()) or "none"
        raise BadInput(Problem(f"no row was rejected as {reason!r}", str(folder), why=f"rejected: {said}"))
    found = [one for one in _rows(folder / REJECTED) if one["reason"] == reason]
    sections = tuple(_rejected_section(one) for one in found[:rows])
    lines = (f"{min(rows, len(found))} of {len(found)} rows",)
    return ReportOutcome(Report(f"Rejected as {reason}", lines, sections=sections, data={"rows": found[:rows]}), {})


def _rejected_section(one: dict[str, Any]) -> Section:
    title = f"{one['source']} {one['split']}".rstrip() + f", row {one['position'] + 1}"
    try:
        row = json.loads(one["row"])
    except ValueError:
        row = None
    messages = row.get("messages") if isinstance(row, dict) else None
    if isinstance(messages, list) and messages and all(isinstance(item, dict) for item in messages):
        return Section(title, (one["detail"], *_spoken(messages)))
    return Section(title, (one["detail"], one["row"]))


def _spoken(messages: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(f"{message.get('role')}: {message.get('content')}" for message in messages)


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
