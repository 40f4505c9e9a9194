"""`mlops data diff`: what the working tree does to the conversations of a commit. It needs no cloud."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops import history
from mlops.dataset.row_reading import rows_of
from mlops.domain.dataset.difference import Edited, Placed, difference, word_diff
from mlops.domain.dataset.rows import Read
from mlops.errors import BadInput, Problem
from mlops.flow.dataset.files import curated_files
from mlops.flow.dataset.options import options
from mlops.flow.dataset.past import content_at
from mlops.flow.outcome import Outcome
from mlops.flow.project import Project


@dataclass(frozen=True)
class Change:
    """A number then and now."""

    before: int
    after: int


@dataclass(frozen=True)
class Excerpt:
    """A conversation, its place, how many messages it has, and how it begins."""

    place: str
    messages: int
    begins: str


@dataclass(frozen=True)
class TurnEdit:
    """A message that is another one now: its number from 0, and its words; [-gone-] {+new+}."""

    message: int
    role: str
    words: str


@dataclass(frozen=True)
class Edit:
    """A conversation that goes on in another way than before."""

    before: str
    after: str
    turns: tuple[TurnEdit, ...]


@dataclass(frozen=True)
class DiffResult:
    """What changed since a revision. `invalid` counts rows that are no conversations and were not compared.

    `not_compared` are files whose content at the revision is in Git LFS, and not in this clone.
    """

    revision: str
    added: tuple[Excerpt, ...]
    removed: tuple[Excerpt, ...]
    edited: tuple[Edit, ...]
    unchanged: int
    numbers: Mapping[str, Change]
    invalid: Change
    not_compared: tuple[str, ...]


def run(project: Project, revision: str) -> Outcome[DiffResult]:
    """What the curated conversations of the working tree add to, remove from and edit in those of a commit."""
    top = history.top(project.root)
    if not history.known(top, revision):
        fix = "name a commit, branch or tag of this clone; a shallow clone has few: git fetch --unshallow"
        raise BadInput(Problem(f"git knows no commit {revision!r}", str(top), fix=fix))
    root = project.root.resolve()
    below = root.relative_to(top).as_posix() if root != top else "."
    named = {path: (top / path).relative_to(root).as_posix() for path in history.files(top, revision, below)}
    then = [(name, path) for path, name in named.items() if project.params.is_curated(name)]
    contents = {name: content_at(top, revision, path) for name, path in sorted(then)}
    before = [(name, data) for name, data in contents.items() if data is not None]
    now = [(name, data) for name, data in curated_files(project) if contents.get(name, b"") is not None]
    specs = options(project).sources

    def read(files: list[tuple[str, bytes]]) -> Iterator[Read]:
        for path, data in files:
            yield from rows_of(path, data, specs) or ()

    found = difference(read(before), read(now))
    result = DiffResult(
        revision,
        tuple(map(_excerpt, found.added)),
        tuple(map(_excerpt, found.removed)),
        tuple(map(_edit, found.edited)),
        found.unchanged,
        {name: Change(*pair) for name, pair in found.numbers.items()},
        Change(*found.invalid),
        tuple(name for name, data in contents.items() if data is None),
    )
    return Outcome(result)


def _excerpt(row: Placed) -> Excerpt:
    return Excerpt(str(row.place), len(row.found.messages), " ".join(row.found.messages[0][1].split())[:200])


def _edit(edit: Edited) -> Edit:
    old, new = edit.before.found.messages, edit.after.found.messages
    turns = []
    for at in edit.messages:
        role = new[at][0] if at < len(new) else old[at][0]
        before, after = (side[at][1] if at < len(side) else "" for side in (old, new))
        turns.append(TurnEdit(at, role, word_diff(before, after)))
    return Edit(str(edit.before.place), str(edit.after.place), tuple(turns))
