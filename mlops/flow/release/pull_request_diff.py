"""What merging the files as they are here would change and start, told without any cloud.

It must not know what the workspace holds: whether a run is really needed is for `mlops plan` after the merge.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlops import history, textfiles, yamls
from mlops.domain.release.changes import ParameterChange, conversations, only_documents, parameters
from mlops.flow.project import Project

MAIN = "refs/heads/main"


@dataclass(frozen=True)
class FileChange:
    """Conversations of a file that were added and removed; a changed one is one of each.

    Null where a file is not compared line by line, as Parquet is not.
    """

    path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True)
class PullRequestDiff:
    """What differs from a commit; with `known` false the clone does not have it, and nothing was compared.

    `trains`: a push of this starts the train workflow. `code`: more than documents changed, or that is not known.
    """

    base: str
    known: bool
    files: int
    trains: bool | None
    code: bool
    parameters: tuple[ParameterChange, ...]
    conversations: tuple[FileChange, ...]


def against(project: Project, base: str) -> PullRequestDiff:
    """What merging the files as they are here would change and start."""
    from mlops import actions  # only this comparison reads workflow files

    top = history.top(project.root)
    if not history.known(top, base):
        return PullRequestDiff(base, False, 0, None, True, (), ())
    paths = history.changed(top, base)
    started = [flow.path.stem for flow in actions.started_by(top, "push", ref=MAIN, changed=paths)]
    return PullRequestDiff(
        base=base,
        known=True,
        files=len(paths),
        trains="train" in started,
        code=not only_documents(paths),
        parameters=tuple(parameters(parameters_at(project, base), values(textfiles.content(project.params_path)))),
        conversations=tuple(conversation_changes(project, base, paths)),
    )


def conversation_changes(project: Project, base: str, paths: list[str]) -> list[FileChange]:
    """Each curated file among the paths that differ from a commit."""
    top = history.top(project.root)
    root = project.root.resolve()
    rows: list[FileChange] = []
    for path in paths:
        here = top / path
        if not project.params.is_curated(Path(os.path.relpath(here, root)).as_posix()):  # shared data is beside it
            continue
        from mlops.flow.dataset.past import content_at  # and with it what reads rows

        after = here.read_bytes() if here.is_file() else b""
        # A Parquet file has no lines to compare, and what stood in Git LFS may not be here.
        before = content_at(top, base, path) if path.endswith(".jsonl") else None
        counts = (None, None) if before is None else conversations(before, after)
        if counts != (0, 0):  # the same lines in another order, or a file that git does not follow here
            rows.append(FileChange(path, *counts))
    return rows


def parameters_at(project: Project, commit: str) -> Any:
    """What the parameters' file said at a commit."""
    top = history.top(project.root)
    return values(history.content(top, commit, (project.root / project.params_path.name).relative_to(top).as_posix()))


def values(text: bytes) -> Any:
    """What a file of YAML says; None where it cannot be read."""
    try:
        return yamls.read(text)
    except yaml.YAMLError:  # of the base, where it is no business of this change
        return None
