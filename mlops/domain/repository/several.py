"""Several models in one repository: which of them changed files concern, and which of their names would collide."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from mlops.domain.release.changes import only_documents
from mlops.errors import Problem


@dataclass(frozen=True)
class ModelProject:
    """A folder with parameters, from the top of the repository (`.` for the top), and the names that it uses in Azure.

    `folders` are those of its conversations and probes, `patterns` files that are named singly: all from its own
    folder. `data` is everything that says what its data assets hold. `endpoints`: environment -> name.
    """

    folder: str
    params: str
    model: str
    data_name: str
    data: Mapping[str, Any]
    folders: tuple[str, ...]
    patterns: tuple[str, ...]
    endpoints: Mapping[str, str]

    def concerned(self, paths: Iterable[str]) -> bool:
        """Whether one of the changed paths is its parameters, its data, which others may share, or a workflow."""
        return any(self._reads(path) for path in paths if not only_documents([path]))

    def at(self, path: str) -> str:
        """A path that is named from its folder, from the top of the repository."""
        return posixpath.normpath(posixpath.join(self.folder, path))

    def _reads(self, path: str) -> bool:
        if path == self.at(self.params) or path.startswith(".github/"):  # workflows are everybody's
            return True
        if any(path.startswith(f"{self.at(folder)}/") for folder in self.folders):
            return True
        return any(fnmatchcase(path, self.at(pattern)) for pattern in self.patterns)


def collisions(projects: Sequence[ModelProject]) -> list[Problem]:
    """Every name in Azure that two models of the repository would both use.

    Data of the same name is no collision where it is the same data: the assets then carry the same versions.
    """
    problems: list[Problem] = []
    seen: dict[tuple[str, str], ModelProject] = {}
    for one in projects:
        keys = {("model", one.model.lower()): "model.name"}
        keys |= {("data", one.data_name.lower()): "data.name"}
        keys |= {
            ("endpoint", name.lower()): f"environments.{environment}.endpoint"
            for environment, name in one.endpoints.items()
        }
        for (kind, name), key in keys.items():
            other = seen.setdefault((kind, name), one)
            if other is one or (kind == "data" and _same_data(one, other)):
                continue
            why = f"{other.at(other.params)} has a {kind} of this name, too: each would change what the other made"
            problems.append(Problem(f"{key} is {name}", one.at(one.params), why=why, fix="give each its own", key=key))
    return problems


def _same_data(one: ModelProject, other: ModelProject) -> bool:
    """Whether two say the same of their data, wherever its folder is named from."""
    stated = ({**project.data, "curated": project.at(str(project.data.get("curated", "")))} for project in (one, other))
    first, second = stated
    return first == second
