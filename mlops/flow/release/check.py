"""`mlops check`: what a team's CI asks of a change: parameters, conversations, workflows; and what to rehearse."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops import actions, history
from mlops.domain.environments.order import PromotionOrder
from mlops.domain.release.changes import Area, areas
from mlops.errors import BadInput, MlopsError, Problem
from mlops.flow.dataset.curated_check import check_curated
from mlops.flow.dataset.files import curated_files
from mlops.flow.evaluation import probes
from mlops.flow.outcome import Outcome
from mlops.flow.project import Project
from mlops.flow.release.offline_plan import check_parameters
from mlops.flow.repository import projects
from mlops.flow.training import component_file

TRAINING = "training"  # the GitHub environment of everything before a promotion


@dataclass(frozen=True)
class Check:
    """One check: what it looked at, whether that is right, and what it found."""

    name: str
    ok: bool
    finding: str


@dataclass(frozen=True)
class CheckResult:
    """Every check, and what differs from the base.

    `changed` is empty where there is no base to compare with; then everything counts as changed. `rehearse` says
    whether a rehearsal could end in another way than before this change, `product` whether the programs changed.
    """

    checks: tuple[Check, ...]
    base: str
    changed: tuple[Area, ...]
    rehearse: bool
    product: bool
    warnings: tuple[str, ...]


def run(project: Project, *, base: str = "") -> Outcome[CheckResult]:
    """Every check, one after the other; a failed one does not stop the next. Asks no cloud."""
    checks: list[Check] = []
    problems: list[Problem] = []
    warnings: list[str] = []
    for name, look in looks(project, warnings):
        try:
            checks.append(Check(name, True, look()))
        except MlopsError as error:
            checks.append(Check(name, False, error.problems[0].what))
            problems += error.problems
    changed = _changed(project, base)
    everything = changed is None
    found = CheckResult(
        checks=tuple(checks),
        base=base,
        changed=tuple(changed or ()),
        rehearse=everything or bool(set(changed or ()) - {Area.DOCUMENTS}),
        product=everything or Area.PRODUCT in (changed or ()),
        warnings=tuple(warnings),
    )
    return Outcome(found, BadInput(problems) if problems else None)


def looks(project: Project, warnings: list[str]) -> tuple[tuple[str, Callable[[], str]], ...]:
    """The checks in order; each gives its finding, or raises what is wrong, and adds what is only said."""
    return (
        ("parameters", lambda: _parameters(project, warnings)),
        ("conversations", lambda: _conversations(project, warnings)),
        ("probes", lambda: _probes(project)),
        ("workflows", lambda: _workflows(project)),
        ("environments", lambda: _environments(project)),
        ("names", lambda: projects.refuse_collisions(project)),
    )


def _parameters(project: Project, warnings: list[str]) -> str:
    """What the file says was read already; whether its rules can be judged and its inputs sent is asked here."""
    warnings += [str(warning) for warning in check_parameters(project)]
    return f"{project.params_path.name} is right, its block for rehearsals too"


def _conversations(project: Project, warnings: list[str]) -> str:
    files = curated_files(project)
    found = check_curated(project, files)
    warnings += [str(warning) for warning in found.warnings]
    warnings += [f"{file.path} is not read: {file.reason}" for file in found.not_read]
    return f"{len(files)} files below {project.params.data.curated} are right"


def _probes(project: Project) -> str:
    found = probes.every(project)
    return f"{len(found)} probes are right" if found else "evaluation.probes asks for none"


def _workflows(project: Project) -> str:
    """A push of data and parameters must start the training, else nothing of all this happens."""
    top = history.top(project.root)
    if not (top / ".github" / "workflows").is_dir():
        what, fix = "there are no workflows, so a push starts nothing", "keep .github/workflows of the template"
        raise BadInput(Problem(what, ".github/workflows", fix=fix))
    component = project.params.training.component
    read = [project.params_path, *([project.root / component] if component_file.is_file(component) else [])]
    for path in (one.resolve().relative_to(top).as_posix() for one in reversed(read)):
        started = [flow.path.stem for flow in actions.started_by(top, "push", ref="refs/heads/main", changed=[path])]
        if "train" not in started:
            what = f"a push that changes {path} does not start the train workflow"
            fix = "name the file, or its folder, under on.push.paths"
            raise BadInput(Problem(what, ".github/workflows/train.yml", fix=fix))
    return f"a push that changes {path} starts {', '.join(started)}"


def _environments(project: Project) -> str:
    """What the workflows name are environments of the parameters; the jobs of a promotion take theirs from there."""
    top, params = history.top(project.root), project.params
    known = {TRAINING, *params.environments}
    problems = [
        Problem(f"{flow.path.name} names the environment {name}, which is none of params.yaml", where, fix=fix)
        for flow in _own_workflows(top)
        for name in flow.environments()
        if name not in known
        for where, fix in [(f".github/workflows/{flow.path.name}", f"use one of: {', '.join(params.environments)}")]
    ]
    if problems:
        raise BadInput(problems)
    return " -> ".join(" and ".join(wave) for wave in PromotionOrder(params.order).waves())


def _own_workflows(top: Path) -> "list[actions.Workflow]":
    folder = top / ".github" / "workflows"
    return [actions.read(path) for path in sorted(folder.glob("*.y*ml"))]


def _changed(project: Project, base: str) -> list[Area] | None:
    top = history.top(project.root)
    if not base or not history.known(top, base):
        return None
    folder = project.root.resolve().relative_to(top.resolve()).as_posix()
    return areas(history.changed(top, base), folder, project.params_path.name, project.params.data.curated)
