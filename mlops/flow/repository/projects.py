"""`mlops projects`: the models of this repository, and those that a change concerns; a push starts one job for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlops import history
from mlops.domain.repository.several import ModelProject, collisions
from mlops.errors import BadInput, MlopsError, Problem
from mlops.flow.outcome import Outcome
from mlops.flow.project import Project
from mlops.flow.training import component_file
from mlops.params import Params, load

FOLDER = "models"
PARAMS = "params.yaml"


@dataclass(frozen=True)
class ListedProject:
    """A model's folder, from the top of the repository, and whether the change concerns it."""

    folder: str
    model: str
    concerned: bool


@dataclass(frozen=True)
class ProjectsResult:
    """Every model of the repository; without a known base each of them is concerned."""

    base: str
    projects: tuple[ListedProject, ...]


def run(top: Path, *, base: str = "", only: str = "") -> Outcome[ProjectsResult]:
    """Look at every params.yaml; fails where one is not right or two would use one name. `only` names one folder."""
    found, problems = read(top)
    paths = history.changed(top, base) if base and history.known(top, base) else None
    listed = [
        ListedProject(one.folder, one.model, bool(only) or paths is None or one.concerned(paths))
        for one in found
        if not only or one.folder == only
    ]
    if only and not listed:
        problems.append(Problem(f"{only} is no model's folder of this repository", "--only", fix="mlops projects"))
    problems += collisions(found)
    return Outcome(ProjectsResult(base, tuple(listed)), BadInput(problems) if problems else None)


def folders(top: Path) -> list[Path]:
    """Folders below `models` with parameters, by name."""
    return sorted(path.parent for path in (top / FOLDER).glob(f"*/{PARAMS}"))


def read(top: Path) -> tuple[list[ModelProject], list[Problem]]:
    """Every model of a repository, at its top and below `models`, and what is wrong with their parameters."""
    found: list[ModelProject] = []
    problems: list[Problem] = []
    for folder in (*([top] if (top / PARAMS).is_file() else []), *folders(top)):
        try:
            found.append(_project(top, folder, load(folder / PARAMS)))
        except MlopsError as error:
            problems += error.problems
    if not found and not problems:
        what = f"there is no {PARAMS} at the top, and none in a folder below {FOLDER}"
        problems.append(Problem(what, str(top), fix="mlops init"))
    return found, problems


def _project(top: Path, folder: Path, params: Params) -> ModelProject:
    probes = params.evaluation.probes
    endpoints: Mapping[str, str] = {name: one.endpoint for name, one in params.environments.items()}
    component = PurePosixPath(params.training.component)
    own = component_file.is_file(component.name)
    code = (component.parent.as_posix(),) if own and component.parent.name else ()
    return ModelProject(
        folder=folder.resolve().relative_to(top.resolve()).as_posix(),
        params=PARAMS,
        model=params.model.name,
        data_name=params.data.name,
        data=params.data.model_dump(),
        folders=(params.data.curated, *((probes.folder,) if probes else ()), *code),
        patterns=(*(source.path for source in params.data.sources), *((component.name,) if own and not code else ())),
        endpoints=endpoints,
    )


def refuse_collisions(project: Project) -> str:
    """Raise BadInput where two models of its repository would use one name; else say how many there are."""
    top = history.top(project.root)
    if not folders(top):
        return "one model"
    found, _ = read(top)  # what is wrong with another's parameters is told for that one
    if problems := collisions(found):
        raise BadInput(problems)
    return f"{len(found)} models with names of their own"
