"""`mlops submit`: one job for one fingerprint; what was trained is not trained again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from mlops.azure import at_once, data, jobs, own_components, submission
from mlops.azure.submission import StepMachines, Work
from mlops.azure.workspace import Workspace
from mlops.domain.asset_ids import parameters_digest
from mlops.domain.evaluation import scoring as evaluation_scoring
from mlops.domain.release import budget
from mlops.domain.tags import (
    ACTOR_TAG,
    BASE_MODEL_TAG,
    COMMIT_TAG,
    COMPONENT_TAG,
    DATA_TAG,
    FINGERPRINT_TAG,
    OVER_BUDGET_TAG,
    OWNER_TAG,
    PARAMETERS_TAG,
    REPOSITORY_TAG,
    RUN_TAG,
)
from mlops.domain.training import costs
from mlops.domain.training.run import Trigger, job_name
from mlops.domain.training.spec import TrainingSpec
from mlops.domain.training.submission import LONGEST_VALUE, SubmissionDecision, check, decide, display_name
from mlops.errors import BadInput, CapRefused
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.flow.evaluation.evaluator import Evaluator
from mlops.flow.outcome import Outcome
from mlops.flow.training import estimates, known_prices, training_spec
from mlops.flow.training.known_prices import KnownPrices
from mlops.flow.training.training_spec import Parameter, ResolvedTraining
from mlops.params import Params


@dataclass(frozen=True)
class DataVersion:
    """Prepared data: the beginning of its assets' names, and their version."""

    name: str
    version: str


@dataclass(frozen=True)
class SubmitResult:
    """The job of this fingerprint, submitted now or known before, and why.

    `display_name`, `parameters` and `tags` are what would be sent; they are empty for a job that was known before.
    """

    submitted: bool
    job: str
    fingerprint: str
    data_version: str
    why: str
    studio_url: str
    display_name: str = ""
    parameters: tuple[Parameter, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def run(context: Context, *, force: bool, over_budget: bool = False, reason: str = "") -> Outcome[SubmitResult]:
    """Submit, unless a job for this fingerprint is under way or done. Raises CapRefused where it is over the budget."""
    budget.check_agreed(reason, "submit", over_budget=over_budget)
    workspace, spec = context.workspace, training_spec.of(context)
    made_of, version = at_once.both(
        lambda: training_spec.training(workspace, spec),
        lambda: observe.required_data_version(workspace, context.project),
    )
    mark = made_of.fingerprint(version)
    decision = decide(jobs.attempts(workspace, mark, spec.owner), force=force)
    if decision.known:
        known = decision.known
        return Outcome(SubmitResult(False, known.name, mark, version, decision.why, known.studio_url))
    if not over_budget and context.params.budget.training is not None:
        _check_budget(workspace, spec, made_of, version, context.params, context.say)
    Evaluator.of(context).check()  # now, and not when the training has been paid for
    if spec.own:
        file = context.root / context.params.training.component
        if own_components.register(workspace, spec.own, file, {OWNER_TAG: spec.owner}):
            context.say(f"registered the component {spec.own.name}:{spec.own.version}, from {file.name}")
    work = _work(workspace, spec, made_of, DataVersion(context.params.data.name, version), context.trigger)
    if over_budget:
        work = replace(work, tags={**work.tags, OVER_BUDGET_TAG: reason.strip()[:LONGEST_VALUE]})
    if problems := check(job_name(mark, decision.attempt), work.experiment, work.display_name, work.tags):
        raise BadInput(problems)
    name, url, made = _submit(workspace, work, mark, decision, context.say)
    why = decision.why if made else "another process submitted it at the same moment"
    return Outcome(
        SubmitResult(made, name, mark, version, why, url, work.display_name, _parameters(made_of), dict(work.tags))
    )


def _check_budget(
    workspace: Workspace,
    spec: TrainingSpec,
    made_of: ResolvedTraining,
    version: str,
    params: Params,
    say: Callable[[str], None],
) -> None:
    rows = estimates.rows(workspace, params.data.name, version)
    prices = KnownPrices(params, ask=True).at(lambda: workspace, [made_of.size.name])
    estimate = estimates.of(workspace, spec, made_of, rows, prices)
    machine = costs.machine_cost(made_of.size.name, spec.nodes, prices)
    if estimate is not None and (said := known_prices.unpriced(spec.where, [machine], budget.TRAINING)):
        say(str(said))
    if problem := budget.training(params.budget.training, estimate, spec.where):
        raise CapRefused(problem)


def _parameters(made_of: ResolvedTraining) -> tuple[Parameter, ...]:
    return tuple(Parameter(*row) for row in made_of.resolved.rows())


def _submit(
    workspace: Workspace, work: Work, mark: str, decision: SubmissionDecision, say: Callable[[str], None]
) -> tuple[str, str, bool]:
    say(f"submitting {job_name(mark, decision.attempt)}: {decision.why}")
    number, url, made = submission.submit_next(workspace, work, partial(job_name, mark), decision.attempt, say)
    return job_name(mark, number), url, made


def _work(
    workspace: Workspace, spec: TrainingSpec, made_of: ResolvedTraining, version: DataVersion, trigger: Trigger
) -> Work:
    """The merged parameters, the model, the data assets, and where each step runs."""
    literals = made_of.resolved.literals()
    shown = display_name(made_of.base.name, literals, gpus=made_of.size.gpus, nodes=spec.nodes)
    for node, size in spec.step_sizes.items():
        literals[f"compute_{node}"] = spec.compute.lower() if spec.serverless else spec.compute
        if spec.serverless and size:  # import and preprocessing need no GPU, and the component's own default has none
            literals[f"instance_type_{node}"] = size
    names = {role: data.asset_name(version.name, role) for role in data.ROLES}
    rows = estimates.rows(workspace, version.name, version.version)
    placed = any(name.startswith("compute_") for name in made_of.component.inputs)
    return Work(
        machines=None
        if placed
        else StepMachines(spec.compute, spec.instance_type if spec.serverless else "", spec.nodes),
        component=made_of.component,
        registry=spec.component_from,
        literals=literals,
        step="fine_tuning",
        models={"mlflow_model_path": made_of.base.id},
        outputs=(jobs.OUTPUT, evaluation_scoring.OUTPUT),
        files={f"{role}_file_path": f"azureml:{name}:{version.version}" for role, name in names.items()},
        display_name=shown,
        experiment=spec.experiment,
        tags={**_tags(spec, made_of, version, trigger), **estimates.tags(spec, made_of, rows)},
    )


def _tags(spec: TrainingSpec, made_of: ResolvedTraining, version: DataVersion, trigger: Trigger) -> dict[str, str]:
    tags = {
        OWNER_TAG: spec.owner,
        FINGERPRINT_TAG: made_of.fingerprint(version.version),
        DATA_TAG: f"{version.name}:{version.version}",
        BASE_MODEL_TAG: f"{made_of.base.name}:{made_of.base.version}",
        COMPONENT_TAG: f"{made_of.component.name}:{made_of.component.version}",
        PARAMETERS_TAG: parameters_digest(made_of.resolved.literals()),
        COMMIT_TAG: trigger.commit,
        RUN_TAG: trigger.run_url[:LONGEST_VALUE],
        REPOSITORY_TAG: trigger.repository,
        ACTOR_TAG: trigger.actor[:LONGEST_VALUE],
    }
    return {key: value for key, value in tags.items() if value}
