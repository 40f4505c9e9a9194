"""The files of the data folder and of `data.sources`: which are read, and why the others are not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops import history
from mlops.domain.dataset.rows import NotRead
from mlops.errors import BadInput, Problem
from mlops.flow.project import Project


def curated_files(project: Project) -> list[tuple[str, bytes]]:
    """Path relative to the repository and content of every curated file, in order."""
    return list(data_files(project).read)


@dataclass(frozen=True)
class DataFiles:
    """Every file of the data folder and of `data.sources`: those that are read, (path, bytes), and the others."""

    read: tuple[tuple[str, bytes], ...]
    not_read: tuple[NotRead, ...]


def data_files(project: Project) -> DataFiles:
    """Nothing is left out in silence but the probes, which are no training data."""
    root, folder = project.root, project.root / project.params.data.curated
    if not folder.is_dir():
        what = f"data.curated names {project.params.data.curated}, which is no folder"
        fix = "make the folder, or name the right one"
        raise BadInput(Problem(what, str(project.params_path), fix=fix, key="data.curated"))
    below = {path.relative_to(root).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    named = {path.relative_to(root).as_posix(): path for path in _named(project) if path.is_file()}
    ignored = history.ignored(folder) if folder.is_dir() else set()
    top, read, not_read = history.top(root).resolve(), [], []
    for name, path in sorted((below | named).items()):
        if project.params.is_probe(name):
            continue
        if path.resolve() in ignored and name not in named:
            not_read.append(NotRead(name, "git ignores it, so no workflow would have it"))
        elif not path.resolve().is_relative_to(top):
            not_read.append(NotRead(name, "a link that leads out of the repository"))
        elif name in named or project.params.is_curated(name):
            read.append((name, path.read_bytes()))
        else:
            not_read.append(NotRead.by_name(name))
    return DataFiles(tuple(read), tuple(not_read))


def _named(project: Project) -> Iterator[Path]:
    """The files that `data.sources` names; a pattern for the id of the dataset names none."""
    for entry in project.params.data.sources:
        try:
            yield from project.root.glob(entry.path)
        except (ValueError, NotImplementedError):
            fix = "name it from the folder of params.yaml, without .. and without a leading /"
            what, key = f"data.sources: {entry.path!r} is no place here", "data.sources"
            raise BadInput(Problem(what, str(project.params_path), fix=fix, key=key)) from None
