"""`mlops plan`: what this push needs, and why; changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlops.azure import at_once, data
from mlops.azure.agree import agreed
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.preflight import sign_in_problem
from mlops.domain.release import budget
from mlops.domain.release.drift import Drift
from mlops.domain.release.plan import Facts, PlanStep, decide
from mlops.domain.serving.settings import HowApplied, SettingChange
from mlops.domain.training import checks
from mlops.domain.training.costs import Estimate, MachineCost
from mlops.errors import BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.flow.evaluation import planned
from mlops.flow.evaluation.evaluation_spec import last_environment
from mlops.flow.evaluation.planned import PlannedAnswers
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import check_project, own_endpoints
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.release import drift, released_diff, superseded
from mlops.flow.release.released_diff import ReleasedDiff
from mlops.flow.repository import projects
from mlops.flow.training import known_prices, training_spec
from mlops.flow.training.known_prices import KnownPrices
from mlops.flow.training.training_spec import Parameter
from mlops.params.prices import CostBudget


@dataclass(frozen=True)
class EnvironmentSettings:
    """An environment whose serving settings are not as params.yaml says."""

    environment: str
    changes: tuple[SettingChange, ...]


@dataclass(frozen=True)
class PlanResult:
    """The steps of a release in order, each with its reason, and what they rest on; null is what does not exist yet.

    `train`: a job is to be submitted; `release`: a run is to be watched, judged or registered; `promote`: some
    environment is to get the model; `environments` say which, and are none while it is not registered. No step runs
    where a newer push takes the place of this one. `estimate` is null where nothing is trained, or where no run on such
    machines has completed. `component_defaults` are the inputs that keep the component's own value. `answers` is what
    its evaluation will ask for; null where nothing is trained, or no model is asked. `serving` has what is live with
    other settings than params.yaml says, `drift` what somebody changed since mlops last promoted.
    """

    base_model: str
    retirement: tuple[str, ...]
    component: str
    instance_type: str
    nodes: int
    recipe: str
    data_version: str | None
    fingerprint: str | None
    job: str | None
    model: str | None
    steps: tuple[PlanStep, ...]
    train: bool
    release: bool
    promote: bool
    environments: tuple[str, ...]
    train_reason: str
    why: str
    parameters: tuple[Parameter, ...]
    component_defaults: Mapping[str, str]
    warnings: tuple[str, ...]
    estimate: Estimate | None
    answers: PlannedAnswers | None
    serving: tuple[EnvironmentSettings, ...]
    drift: tuple[Drift, ...]
    compared: ReleasedDiff


def _over_budget(
    limits: CostBudget, machines: Sequence[MachineCost], estimate: Estimate | None, where: str
) -> list[Problem]:
    """What `submit` and `promote` will refuse until somebody agrees, and what they cannot compare."""
    found = (
        budget.training(limits.training, estimate, where),
        budget.serving(limits.month, machines, where),
        known_prices.unpriced(where, machines, budget.MONTH),
    )
    return [problem for problem in found if problem]


def run(context: Context, *, force: bool) -> Outcome[PlanResult]:
    """Observe the workspace and decide."""
    projects.refuse_collisions(context.project)
    workspace, spec = context.workspace, training_spec.of(context)

    def own() -> Mapping[str, EndpointFacts]:
        seen = own_endpoints(context)
        check_project(workspace, seen, context.owner, context.repository, spec.where)
        return seen

    served, made_of = at_once.both(own, lambda: training_spec.training(workspace, spec))
    older = superseded.why(context.project, context.commit, context.pushed_branch)
    facts = replace(_believed(lambda: observe.facts(context, made_of, served)), superseded=older)
    if facts.data_version is None:
        data.hand_on_absence(workspace, context.params.data.name, facts.recipe)
    plan, limits = decide(facts, force=force), context.params.budget
    estimate = answers = None
    known = KnownPrices(context.params, ask=limits.training is not None or limits.month is not None)
    if plan.train and not facts.no_evaluation:
        from mlops.flow.evaluation.evaluator import Evaluator  # of a training that is due

        asked_on = f"{context.params.data.name}:{facts.data_version}" if facts.data_version else None
        last = served[last_environment(context.params)]
        answers = planned.planned(Evaluator.of(context), asked_on, made_of.base.id, last)
    if plan.train:
        from mlops.flow.training import estimates

        rows = estimates.rows(workspace, context.params.data.name, facts.data_version)
        estimate = estimates.of(workspace, spec, made_of, rows, known.at(lambda: workspace, [made_of.size.name]))
    machines = () if limits.month is None else known_prices.machines(context.params, context.at, known)
    result = PlanResult(
        base_model=f"{made_of.base.name}:{made_of.base.version}",
        retirement=tuple(found.what for found, _ in checks.retirement(made_of.base, workspace.now(), spec.where)),
        component=f"{made_of.component.name}:{made_of.component.version}",
        instance_type=made_of.size.name,
        nodes=spec.nodes,
        recipe=facts.recipe,
        data_version=facts.data_version,
        fingerprint=facts.fingerprint,
        job=facts.attempt.name if facts.attempt and not plan.train and not facts.superseded else None,
        model=facts.model,
        steps=plan.steps,
        train=plan.train,
        release=plan.release,
        promote=plan.promote,
        environments=plan.environments,
        train_reason=plan.train_reason,
        why=plan.why,
        parameters=tuple(Parameter(*row) for row in made_of.resolved.rows()),
        component_defaults={name: str(value) for name, value in made_of.resolved.defaults.items()},
        warnings=tuple(map(str, (*made_of.resolved.warnings, *_over_budget(limits, machines, estimate, spec.where)))),
        estimate=estimate,
        answers=answers,
        serving=tuple(EnvironmentSettings(*one) for one in facts.outdated.items()),
        drift=drift.found(workspace, served, rollout_specs(context)),
        compared=released_diff.compare(context, made_of, facts.data_version, served),
    )
    names = {one.environment: context.endpoint_name(one.environment) for one in result.serving}
    return Outcome(result, _refused(names, result.serving))


def _believed(look: Callable[[], Facts]) -> Facts:
    """What a plan is decided on; that there is no data or no job yet is believed when it is so time after time."""
    found = look()
    return found if found.attempt or found == look() else agreed(look, "look at what was trained")


def _refused(endpoints: Mapping[str, str], found: Sequence[EnvironmentSettings]) -> BadInput | None:
    """What no promotion can bring about, told before a training is paid for. `endpoints` has names by environment."""
    problems = [
        sign_in_problem(endpoints[one.environment], one.environment, change.before, change.after)
        for one in found
        for change in one.changes
        if change.applied is HowApplied.REFUSED
    ]
    return BadInput(problems) if problems else None
