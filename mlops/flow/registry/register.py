"""`mlops register`: a model version for a run that passed, exactly once, with lineage, verdict and a model card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mlops.azure import aliases, at_once, jobs, models, provenance, sharing
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation import evidence as record
from mlops.domain.evaluation.rules import Verdict
from mlops.domain.registry import artifact, registration
from mlops.domain.registry.aliases import of_a_candidate
from mlops.domain.registry.lineage import RunFacts
from mlops.domain.registry.model_card import ModelCard
from mlops.domain.registry.registration import KnownVersion
from mlops.domain.tags import (
    BASE_MODEL_TAG,
    COMPONENT_TAG,
    DATA_TAG,
    FINGERPRINT_TAG,
    GATE_PREFIX,
    JOB_TAG,
    METRIC_PREFIX,
    OURS,
    OWNER_TAG,
    PARAMETERS_TAG,
    REGISTERED_BY_TAG,
    REPOSITORY_TAG,
    VERDICT_TAG,
)
from mlops.domain.training.run import Trigger, parse_job_name
from mlops.errors import BadInput, Problem, RemoteFailed
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.flow.evaluation import gate
from mlops.flow.evaluation.evaluator import Evaluator
from mlops.flow.evaluation.evidence import require_completed
from mlops.flow.evaluation.verdict import refusal, write
from mlops.flow.outcome import Outcome
from mlops.flow.registry import lineage

Render = Callable[[ModelCard], str]


class Registration(StrEnum):
    """Who made the version: this call, another process at the same moment, or an earlier call."""

    MADE = "made"
    BY_ANOTHER = "by another process"
    ALREADY = "already"


@dataclass(frozen=True)
class RegisterSpec:
    """What params.yaml asks of a registration: the model's name, its environments, and the registry of the first."""

    model: str
    environments: tuple[str, ...]
    registry: str | None

    @classmethod
    def of(cls, context: Context) -> "RegisterSpec":
        """The one of a command."""
        environments = context.params.environments
        return cls(context.params.model.name, tuple(environments), next(iter(environments.values())).registry)


@dataclass(frozen=True)
class RegisterResult:
    """The version of a fingerprint. `shared_now` None: models are not shared; False: it was there already.

    `card`, its file and `tags` are those of a version that this call tried to make.
    """

    registration: Registration
    model: str
    version: str
    fingerprint: str
    job: str
    registry: str | None
    shared_now: bool | None
    next_environment: str
    card: ModelCard | None = None
    card_file: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """`NAME:VERSION`."""
        return f"{self.model}:{self.version}"


def run(context: Context, *, job: str | None, card: Path, render: Render) -> Outcome[RegisterResult]:
    """Register the model of a run, unless its fingerprint has one; `render` makes the card's Markdown."""
    name = observe.job_name(context, job)
    return Outcome(register(Evaluator.of(context), RegisterSpec.of(context), name, card, render))


def register(evaluator: Evaluator, spec: RegisterSpec, name: str, card: Path, render: Render) -> RegisterResult:
    """The same for a run whose name is known. The verdict is computed again, never taken over."""
    workspace, parsed = evaluator.workspace, parse_job_name(name)
    if parsed is None:
        raise BadInput(Problem(f"{name} is not a job of ours", fix="name a job that `mlops submit` made (ft-...)"))
    found = require_completed(workspace, name)
    mark, theirs = parsed[0], found.tags.get(OWNER_TAG, spec.model)
    if theirs != spec.model:
        raise BadInput(Problem(f"{name} is a run of the project {theirs}, not of {spec.model}", "the workspace"))
    before = models.versions(workspace, spec.model, archived=True)
    if there := _registered(before, mark):
        return _already(workspace, spec, there, mark, name)
    facts = _card(evaluator, spec, found, mark)
    text = render(facts)
    write(card, text)
    tags = _tags(evaluator.trigger, found, facts)
    model, made, known = _register(workspace, spec, facts, text, tags, before)
    aliases.registered(workspace, spec.model, model.version, spec.environments, known)
    return RegisterResult(
        registration=Registration.MADE if made else Registration.BY_ANOTHER,
        model=model.name,
        version=model.version,
        fingerprint=mark,
        job=name,
        registry=spec.registry,
        shared_now=_share(workspace, spec, model),
        next_environment=spec.environments[0],
        card=facts,
        card_file=str(card),
        tags=tags,
    )


def _card(evaluator: Evaluator, spec: RegisterSpec, job: jobs.Job, mark: str) -> ModelCard:
    """What is known of the model. Raises GateRefused where the gate does not let it pass."""
    evaluator.reads.recall(job.name)
    judged, (made_of, problems, notes) = at_once.both(
        lambda: gate.wait_and_judge(evaluator, job.name), lambda: _made(evaluator.workspace, job)
    )
    verdict, evidence = judged.verdict, judged.evidence
    if not verdict.passed:
        raise refusal(verdict, evaluator.spec.gate.rules)
    if problems:
        raise RemoteFailed(problems)
    return ModelCard(spec.model, mark, made_of, verdict.ruling, verdict.findings, evidence, notes)


def _registered(known: list[models.Registered], mark: str) -> models.Registered | None:
    version = registration.version_of([_known(model) for model in known], mark)
    return next((model for model in known if model.version == version), None)


def _already(workspace: Workspace, spec: RegisterSpec, there: models.Registered, mark: str, job: str) -> RegisterResult:
    """Nothing to make; what an interrupted call left undone after it, is done."""
    known = models.versions(workspace, there.name, archived=True)
    if there.version == str(int(registration.next_version(model.version for model in known)) - 1):
        aliases.registered(workspace, spec.model, there.version, spec.environments)
    return RegisterResult(
        registration=Registration.ALREADY,
        model=there.name,
        version=there.version,
        fingerprint=mark,
        job=job,
        registry=spec.registry,
        shared_now=_share(workspace, spec, there),
        next_environment=spec.environments[0],
    )


def _share(workspace: Workspace, spec: RegisterSpec, model: models.Registered) -> bool | None:
    """Copy it into the registry that the first environment takes its models from; `promote` serves later ones."""
    if not spec.registry:
        return None
    made = sharing.share_model(workspace, spec.registry, model)
    name, _, version = model.tags.get(DATA_TAG, "").partition(":")
    if version:
        sharing.share_test_data(workspace, spec.registry, name, version)
    return made


def _made(workspace: Workspace, job: jobs.Job) -> tuple[RunFacts, list[Problem], tuple[str, ...]]:
    """What the run was made of; what its artifact is that the run does not claim; and notes on that."""
    run, text = at_once.both(
        lambda: lineage.of_run(workspace, job),
        lambda: provenance.output_text(workspace, job.name, jobs.OUTPUT, artifact.FILE),
    )
    problems, notes = artifact.check(text, run.base_id, f"output {jobs.OUTPUT} of {job.name}")
    return run, list(problems), tuple(notes)


def _register(
    workspace: Workspace,
    spec: RegisterSpec,
    facts: ModelCard,
    card: str,
    tags: Mapping[str, str],
    before: list[models.Registered],
) -> tuple[models.Registered, bool, Mapping[str, models.Registered]]:
    """The version, whether this call made it, and every version as it was listed last."""
    path = f"azureml://jobs/{facts.run.job}/outputs/{jobs.OUTPUT}"
    told = {**tags, **of_a_candidate(spec.environments, workspace.now())}
    store = models.ModelVersions(workspace, spec.model, path=path, description=card, tags=told, seen=[before])
    try:
        version, made = registration.register_once(store, facts.fingerprint)
    except registration.Crowded:
        raise RemoteFailed(Problem(f"others make versions of {spec.model} all the time", fix="run it again")) from None
    found = store.listed.get(version) or models.find(workspace, spec.model, version)
    if found is None:
        raise RemoteFailed(f"{spec.model}:{version} was registered and is gone")
    return found, made, store.listed


def _known(model: models.Registered) -> KnownVersion:
    return KnownVersion(model.version, model.tags.get(FINGERPRINT_TAG, ""))


def _tags(trigger: Trigger, job: jobs.Job, facts: ModelCard) -> dict[str, str]:
    """Where the model comes from; the commit and the data are those of the run, not of whoever registers it."""
    inherited = {
        key: value
        for key, value in job.tags.items()
        if key.startswith(OURS) and not key.startswith((VERDICT_TAG, GATE_PREFIX))
    }
    metrics, run = facts.evidence.metrics, facts.run
    judged = {item.metric for item in facts.findings if item.metric in metrics}
    measured = {f"{METRIC_PREFIX}{name}": repr(metrics[name]) for name in sorted(judged)}
    own = {
        FINGERPRINT_TAG: facts.fingerprint,
        JOB_TAG: job.name,
        COMPONENT_TAG: run.component,
        BASE_MODEL_TAG: run.base,
        PARAMETERS_TAG: run.digest,
        REPOSITORY_TAG: run.repository or trigger.repository,
        REGISTERED_BY_TAG: trigger.run_url,
    }
    stated = record.tags(Verdict(facts.findings), facts.evidence)
    return {**inherited, **measured, **stated, **{key: value for key, value in own.items() if value}}
