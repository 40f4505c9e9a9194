"""`mlops data import`: files in another format become one file of ours, with the place that each row came from.

It must not write over a file with other content unless it is told to.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import tee
from pathlib import Path

from mlops.dataset.formats import records
from mlops.dataset.row_reading import explain
from mlops.domain.dataset import formats
from mlops.domain.dataset.formats.turns import Converted
from mlops.domain.dataset.grouped import grouped
from mlops.domain.dataset.rows import Fault, Place, Read
from mlops.domain.dataset.sources import SourceSpec
from mlops.domain.dataset.validate import Conversation, check, encode_messages
from mlops.errors import BadInput, Problem
from mlops.flow.dataset.data import Turn
from mlops.flow.outcome import Outcome
from mlops.flow.project import Project

EXAMPLES = 3
LONGEST = 2000  # characters of a row before, as it is shown
AS_NAMED = "by the named columns"


@dataclass(frozen=True)
class Example:
    """A row as it was found, and the conversation that it became."""

    place: str
    before: str
    after: tuple[Turn, ...]


@dataclass(frozen=True)
class Understood:
    """What a file is taken for: its format, the fields of its first row, and how many rows became conversations.

    `read` is `imported` + `rejected`, by reason, + `duplicates`. `notes` count what was changed or left out.
    """

    path: str
    format: str
    fields: tuple[str, ...]
    read: int
    imported: int
    duplicates: int
    rejected: Mapping[str, int]
    notes: Mapping[str, int]


@dataclass(frozen=True)
class ImportResult:
    """The file that was written, or was there already with the same content, and what it was made from."""

    target: str
    written: bool
    rows: int
    files: tuple[Understood, ...]
    examples: tuple[Example, ...]
    problems: tuple[str, ...]
    move_away: tuple[str, ...]


@dataclass(frozen=True)
class ImportSpec:
    """What was asked for."""

    files: tuple[Path, ...]
    target: Path | None
    spec: SourceSpec
    skip_invalid: bool


@dataclass(frozen=True)
class _Row:
    place: Place
    given: object
    found: Conversation


def run(project: Project, wanted: ImportSpec, overwrite: Callable[[Path], bool]) -> Outcome[ImportResult]:
    """Convert and write. `overwrite` is asked before a file with other content is replaced. Raises BadInput."""
    target = wanted.target or _target(project, wanted.files)
    if target.suffix != ".jsonl":
        raise BadInput(Problem(f"{target} would not be read", str(target), fix="name a file that ends in .jsonl"))
    rows: list[_Row] = []
    files: list[Understood] = []
    faults: list[tuple[Place, Fault]] = []
    seen: set[bytes] = set()
    for path in wanted.files:
        understood, found, bad = _file(project, path, wanted.spec, seen)
        files.append(understood)
        rows += found
        faults += bad
    problems = grouped(faults, "fix them, or leave them out with --skip-invalid") if faults else []
    if problems and not (wanted.skip_invalid and rows):
        raise BadInput(problems)
    if not rows:
        fix = "name the format (--format), the columns (--columns) or a mapping file (--mapping)"
        raise BadInput(Problem("no conversations were found", ", ".join(map(str, wanted.files)), fix=fix))
    data = b"".join(_line(row) for row in rows)
    written = _write(target, data, overwrite)
    away = tuple(one.path for one in files if project.params.is_curated(one.path))
    examples = tuple(_example(row) for row in rows[:EXAMPLES])
    told = tuple(str(problem) for problem in problems)
    return Outcome(ImportResult(_name(project, target), written, len(rows), tuple(files), examples, told, away))


def _target(project: Project, files: Sequence[Path]) -> Path:
    """Below the data folder, by the name of the first file without its endings."""
    name = files[0].name.split(".")[0] or "imported"
    return project.root / project.params.data.curated / "imported" / f"{name}.jsonl"


def _file(
    project: Project, path: Path, spec: SourceSpec, seen: set[bytes]
) -> tuple[Understood, list[_Row], list[tuple[Place, Fault]]]:
    """One file: what it is, its conversations, and what is wrong."""
    name = _name(project, path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(Problem("the file cannot be read", str(path), why=error.strerror or str(error))) from None
    kept, again = tee(records(name, data, spec.encoding))
    given: dict[Place, object] = {}
    first = [value for _, (_, value) in zip(range(formats.LOOKED_AT), again, strict=False)]
    title, how = _format(first, spec)

    def remembered() -> Iterator[Read]:
        for place, value in kept:
            if len(given) < LONGEST:
                given[place] = value
            yield place, value

    counts, notes, rejected = Counter[str](), Counter[str](), Counter[str]()
    rows: list[_Row] = []
    bad: list[tuple[Place, Fault]] = []
    for place, found in explain(remembered(), how):
        counts["read"] += 1
        judged = _judged(found, project)
        if isinstance(judged, Fault):
            bad.append((place, judged))
            rejected[str(judged.reason)] += 1
            continue
        assert isinstance(found, Converted)
        notes.update(found.notes)
        key = encode_messages(judged)
        if key in seen:
            counts["duplicates"] += 1
            continue
        seen.add(key)
        rows.append(_Row(place, given.get(place), judged))
    fields = next((tuple(map(str, value)) for value in first if isinstance(value, dict)), ())
    done = Understood(name, title, fields, counts["read"], len(rows), counts["duplicates"], rejected, notes)
    return done, rows, bad


def _format(first: Sequence[object], spec: SourceSpec) -> tuple[str, SourceSpec]:
    """What people call the format, and how rows are read."""
    if spec.mapping:
        return "messages of threads, by the mapping file", spec
    if spec.columns:
        return AS_NAMED, spec
    known = spec.format or formats.find(first)
    if known == formats.GROUPED:
        return "messages of trees (OpenAssistant)", SourceSpec(spec.path, format=formats.GROUPED)
    if isinstance(known, str):
        return next(one.title for one in formats.FORMATS if one.name == known), spec
    return (known.title if known else "no format that is known"), spec


def _judged(found: Converted | Fault, project: Project) -> Conversation | Fault:
    if isinstance(found, Fault):
        return found
    data = project.params.data
    return check({"messages": list(found.messages)}, data.max_characters, data.max_tokens)


def _line(row: _Row) -> bytes:
    """A row of ours, with the place that it came from."""
    number = row.place.line or row.place.row
    source = {"file": row.place.path, "line" if row.place.line else "row": number}
    return encode_messages(row.found) + b',"source":' + json.dumps(source, ensure_ascii=False).encode() + b"}\n"


def _write(target: Path, data: bytes, overwrite: Callable[[Path], bool]) -> bool:
    """Whether it was written; the same content is left as it is."""
    if target.is_file():
        if target.read_bytes() == data:
            return False
        if not overwrite(target):
            fix = "name another file with --to, or say --yes"
            raise BadInput(Problem("the file is there already, with other content", str(target), fix=fix))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(target)
    return True


def _example(row: _Row) -> Example:
    before = json.dumps(row.given, ensure_ascii=False, default=str) if row.given is not None else ""
    after = tuple(Turn(role, content) for role, content in row.found.messages)
    return Example(str(row.place), before[:LONGEST], after)


def _name(project: Project, path: Path) -> str:
    """A path from the folder of params.yaml where it lies there."""
    full, root = path.resolve(), project.root.resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else path.as_posix()
