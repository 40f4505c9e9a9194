"""`mlops init`: makes a team's repository, or adds what an existing one lacks; nothing is overwritten unseen."""

import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from mlops import history, textfiles
from mlops.domain.dataset.rows import ending
from mlops.domain.repository.answers import SetUp, filled, values
from mlops.domain.repository.changes import FileState, TemplateFile, decide
from mlops.domain.training.retirement import retired_on
from mlops.errors import BadInput, Problem
from mlops.flow.outcome import Outcome
from mlops.flow.repository import first_commit
from mlops.params.schema import json_schema

TEMPLATES = "templates/repository"
OF_SEVERAL = "templates/models"
DOT = "dot-"  # a name that begins so stands for one that begins with a dot, which git and packagers would act on
LINES = (".gitignore",)  # lists of lines: what is there stays, what lacks is added
EXAMPLES = "examples.jsonl"
Replace = Callable[[str, str], bool]


@dataclass(frozen=True)
class InitFile:
    """One file of the repository, and how it differs from what was there before."""

    path: str
    state: FileState
    difference: str


@dataclass(frozen=True)
class InitResult:
    """What was made, and of what. `commit` is the first commit of a repository that is new, null for an older one."""

    folder: str
    model: str
    base: str
    retired: datetime | None
    workflows: str
    commit: str | None
    files: tuple[InitFile, ...]


def run(folder: Path, answers: SetUp, may_replace: Replace) -> Outcome[InitResult]:
    """Write every file that lacks; `may_replace(path, difference)` is asked for each that is there and differs."""
    _refuse_a_folder_inside(folder)
    changes = [_asked(change, may_replace) for change in planned(folder, answers)]
    for change in changes:
        if change.state in (FileState.NEW, FileState.ADDED, FileState.REPLACED):
            path = folder / change.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(change.text, encoding="utf-8")
    made = first_commit.make(folder, [change.path for change in changes]) if not history.within(folder) else None
    result = InitResult(
        folder=str(folder),
        model=answers.name,
        base=f"{answers.base}:{answers.base_version}",
        retired=retired_on(answers.base),
        workflows=str(answers.pin),
        commit=made,
        files=tuple(InitFile(one.path, one.state, one.difference) for one in changes),
    )
    return Outcome(result)


def planned(folder: Path, answers: SetUp) -> list[TemplateFile]:
    """Every file of the template against what is there, by path."""
    known = values(answers)
    wanted = {_place(path, answers): filled(text, known) for path, text in templates(answers.several).items()}
    wanted["params.schema.json"] = json.dumps(json_schema(), indent=2) + "\n"
    if _has_conversations(folder / answers.curated):
        del wanted[f"{answers.curated}/{EXAMPLES}"]
    return [decide(path, _there(folder / path), text, lines=path in LINES) for path, text in sorted(wanted.items())]


def templates(several: bool) -> dict[str, str]:
    """Every file of the template by its path in a repository, with other workflows where it has several models."""
    found = dict(_read(files("mlops") / TEMPLATES, ""))
    if several:
        found |= dict(_read(files("mlops") / OF_SEVERAL, ""))
        del found[".github/workflows/site.yml"]  # the site is of one model
    return found


def _read(folder: Traversable, above: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for item in folder.iterdir():
        name = f".{item.name.removeprefix(DOT)}" if item.name.startswith(DOT) else item.name
        path = f"{above}{name}"
        found += _read(item, f"{path}/") if item.is_dir() else [(path, item.read_text(encoding="utf-8"))]
    return found


def _place(path: str, answers: SetUp) -> str:
    if path == "params.yaml":
        return posixpath.normpath(posixpath.join(answers.folder, path))
    return f"{answers.curated}/{path.removeprefix('data/')}" if path.startswith("data/") else path


def _there(path: Path) -> str | None:
    try:
        return textfiles.read(path)
    except FileNotFoundError:
        return None


def _asked(change: TemplateFile, may_replace: Replace) -> TemplateFile:
    if change.state is FileState.DIFFERS and may_replace(change.path, change.difference):
        return replace(change, state=FileState.REPLACED)
    return change


def _has_conversations(folder: Path) -> bool:
    return any(ending(path.name) for path in folder.rglob("*") if path.is_file() and path.name != EXAMPLES)


def _refuse_a_folder_inside(folder: Path) -> None:
    """GitHub looks for workflows at the top of a repository alone. Raises BadInput."""
    top = history.top(folder) if folder.is_dir() else folder
    if top.resolve() != folder.resolve():
        what = f"{folder} is a folder inside the repository {top}"
        why = "GitHub reads workflows at the top of a repository alone"
        raise BadInput(Problem(what, why=why, fix=f"mlops init {top}"))
