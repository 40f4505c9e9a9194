"""What a file of the template becomes where the team has one of that name: made, left alone, added to, or replaced."""

import difflib
from dataclasses import dataclass
from enum import StrEnum


class FileState(StrEnum):
    """What is done with one file."""

    NEW = "new"
    SAME = "unchanged"
    ADDED = "added to"
    DIFFERS = "kept"
    REPLACED = "replaced"


@dataclass(frozen=True)
class TemplateFile:
    """One file: what it is to hold, and how that differs from what is there."""

    path: str
    state: FileState
    text: str
    difference: str = ""


def decide(path: str, there: str | None, wanted: str, *, lines: bool = False) -> TemplateFile:
    """What is to be done; `lines`: the file is a list of lines, of which only those that lack are added."""
    if there is None:
        return TemplateFile(path, FileState.NEW, wanted)
    if lines:
        wanted = _with_lines(there, wanted)
    if there == wanted:
        return TemplateFile(path, FileState.SAME, wanted)
    state = FileState.ADDED if lines else FileState.DIFFERS
    return TemplateFile(path, state, wanted, difference(path, there, wanted))


def difference(path: str, before: str, after: str) -> str:
    """A unified diff."""
    made = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{path} (yours)", f"{path} (mlops)", lineterm=""
    )
    return "\n".join(made)


def _with_lines(there: str, wanted: str) -> str:
    known = {line.strip() for line in there.splitlines()}
    lacking = [line for line in wanted.splitlines() if line.strip() not in known]
    ended = there if not there or there.endswith("\n") else f"{there}\n"
    return ended + "".join(f"{line}\n" for line in lacking)
