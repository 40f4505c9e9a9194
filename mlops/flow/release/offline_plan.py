"""`mlops plan --offline`: what can be said without any cloud, as for a pull request."""

from collections.abc import Callable
from dataclasses import dataclass

from mlops.domain.training import retirement
from mlops.domain.training.costs import MachineCost
from mlops.errors import BadInput, Problem
from mlops.flow.dataset.curated_check import check_curated
from mlops.flow.dataset.files import curated_files
from mlops.flow.dataset.recipe import recipe
from mlops.flow.evaluation import evaluation_spec, judge_spec, planned
from mlops.flow.evaluation.planned import PlannedAnswers
from mlops.flow.outcome import Outcome
from mlops.flow.project import Project
from mlops.flow.release import pull_request_diff
from mlops.flow.release.pull_request_diff import PullRequestDiff
from mlops.flow.repository import projects
from mlops.flow.training import component_file, hourly, known_components


@dataclass(frozen=True)
class OfflinePlanResult:
    """What parameters and files make, what machines would cost while they are up, and what differs from a base.

    `difference` is null where no base was named, `answers` where no model is asked.
    """

    base_model: str
    retirement: tuple[str, ...]
    component: str
    compute: str
    instance_type: str
    nodes: int
    curated_files: int
    recipe: str
    warnings: tuple[str, ...]
    machines: tuple[MachineCost, ...]
    answers: PlannedAnswers | None
    difference: PullRequestDiff | None


def run(project: Project, *, base: str = "") -> Outcome[OfflinePlanResult]:
    """Check parameters and data files. Raises BadInput with every fault.

    With a commit as `base` also what differs from it, and whether merging that starts a training.
    """
    projects.refuse_collisions(project)
    noticed = check_parameters(project)
    curated = curated_files(project)
    warnings = (*noticed, *check_curated(project, curated).warnings)
    model, training, own = project.params.model, project.params.training, component_file.read(project)
    result = OfflinePlanResult(
        base_model=f"{model.base}:{model.version}",
        retirement=retirement.notices(model.base),
        component=f"{own.name}:{own.version}" if own else f"{training.component}:{training.component_version}",
        compute=training.compute,
        instance_type=training.instance_type,
        nodes=training.nodes,
        curated_files=len(curated),
        recipe=recipe(project, curated),
        warnings=tuple(str(warning) for warning in warnings),
        machines=hourly.by_the_hour(project.params),
        answers=planned.without_workspace(project),
        difference=pull_request_diff.against(project, base) if base else None,
    )
    return Outcome(result)


def check_parameters(project: Project) -> tuple[Problem, ...]:
    """Raise BadInput with every rule that cannot be judged, input that the component does not take, and judge's file.

    Gives what was noticed besides.
    """
    problems: list[Problem] = []
    warnings: tuple[Problem, ...] = ()
    try:
        warnings = known_components.check(project)
    except BadInput as error:
        problems += error.problems
    checks: tuple[Callable[[Project], object], ...] = (evaluation_spec.check_rules, judge_spec.of)
    for check in checks:
        try:
            check(project)
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return warnings
