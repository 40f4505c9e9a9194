"""`mlops register`: a model version for a run that passed, exactly once, with lineage, verdict and a model card."""

from dataclasses import dataclass
from pathlib import Path

from mlops.azure import aliases, jobs, models, provenance, sharing
from mlops.domain.evaluation import evidence as record
from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.rules import Verdict
from mlops.domain.registry import artifact, registration
from mlops.domain.registry.lineage import RunFacts
from mlops.domain.registry.registration import Known
from mlops.domain.tags import (
    BASE_MODEL_TAG,
    COMPONENT_TAG,
    DATA_TAG,
    FINGERPRINT_TAG,
    GATE_PREFIX,
    JOB_TAG,
    METRIC_PREFIX,
    PARAMETERS_TAG,
    REGISTERED_BY_TAG,
    REPOSITORY_TAG,
    VERDICT_TAG,
)
from mlops.domain.training.run import parse_job_name
from mlops.errors import BadInput, Problem, RemoteFailed
from mlops.flow import observe
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.evaluation import gate
from mlops.flow.evaluation.evidence import require_completed
from mlops.flow.registry import lineage
from mlops.render import Report, model_card

CARD = Path("build/model-card.md")


def run(context: Context, *, job: str | None, card: Path = CARD) -> ReportOutcome:
    """Register the model of a run, unless its fingerprint has one. The verdict is computed again, never taken over."""
    name = observe.job_name(context, job)
    parsed = parse_job_name(name)
    if parsed is None:
        raise BadInput(Problem(f"{name} is not a job of ours", fix="name a job that `mlops submit` made (ft-...)"))
    found = require_completed(context, name)
    mark = parsed[0]
    if there := _registered(context, mark):
        return _already(context, there, mark)
    verdict, evidence = gate.wait_and_judge(context, name)
    if not verdict.passed:
        raise gate.refusal(verdict)
    made_of = lineage.of_run(context, found)
    notes = _checked(context, name, made_of)
    written = model_card(context.params.model.name, mark, made_of, verdict, evidence, notes)
    gate.write(card, written.to_markdown())
    tags = _tags(context, found, mark, _Findings(verdict, evidence, made_of))
    model, made = _register(context, name, mark, written.to_markdown(), tags)
    _candidate(context, model.version)
    shared = _share(context, model)
    lines = (f"from {name}" if made else f"from {name}, by another process", f"model card in {card}", shared, *notes)
    report = Report(
        f"Registered {model.label}", lines, sections=written.as_sections(), next_step=_next(), data={"tags": tags}
    )
    return ReportOutcome(report, {"model": model.label})


@dataclass(frozen=True)
class _Findings:
    verdict: Verdict
    evidence: Evidence
    run: RunFacts


def _next() -> str:
    return "mlops promote staging"


def _registered(context: Context, mark: str) -> models.Registered | None:
    known = models.versions(context.workspace, context.params.model.name, archived=True)
    version = registration.version_of([_known(model) for model in known], mark)
    return next((model for model in known if model.version == version), None)


def _already(context: Context, there: models.Registered, mark: str) -> ReportOutcome:
    """Nothing to make; what an interrupted call left undone after it, is done."""
    known = models.versions(context.workspace, there.name, archived=True)
    if there.version == str(int(registration.next_version(model.version for model in known)) - 1):
        _candidate(context, there.version)
    shared = _share(context, there)
    lines = (f"{there.label} carries fingerprint {mark}", shared)
    return ReportOutcome(Report("Registered already", lines, next_step=_next()), {"model": there.label})


def _candidate(context: Context, version: str) -> None:
    aliases.registered(context.workspace, context.params.model.name, version, context.params.environments)


def _share(context: Context, model: models.Registered) -> str:
    """Copy it into the registry that the first environment takes its models from; `promote` serves later ones."""
    registry = next(iter(context.params.environments.values())).registry
    if not registry:
        return ""
    made = sharing.share_model(context.workspace, registry, model)
    name, _, version = model.tags.get(DATA_TAG, "").partition(":")
    if version:
        sharing.share_test_data(context.workspace, registry, name, version)
    return f"shared with the registry {registry}" if made else f"is in the registry {registry} already"


def _checked(context: Context, job: str, run: RunFacts) -> tuple[str, ...]:
    """Notes on the artifact. Raises RemoteFailed when it is not what the run claims."""
    text = provenance.output_text(context.workspace, job, jobs.OUTPUT, artifact.FILE)
    problems, notes = artifact.check(text, run.base_id, f"output {jobs.OUTPUT} of {job}")
    if problems:
        raise RemoteFailed(problems)
    return tuple(notes)


def _register(context: Context, job: str, mark: str, card: str, tags: dict[str, str]) -> tuple[models.Registered, bool]:
    name = context.params.model.name
    shelf = models.Shelf(
        context.workspace, name, path=f"azureml://jobs/{job}/outputs/{jobs.OUTPUT}", description=card, tags=tags
    )
    try:
        version, made = registration.register_once(shelf, mark)
    except registration.Crowded:
        raise RemoteFailed(Problem(f"others make versions of {name} all the time", fix="run it again")) from None
    found = models.find(context.workspace, name, version)
    if found is None:
        raise RemoteFailed(f"{name}:{version} was registered and is gone")
    return found, made


def _known(model: models.Registered) -> Known:
    return Known(model.version, model.tags.get(FINGERPRINT_TAG, ""))


def _tags(context: Context, job: jobs.Job, mark: str, found: _Findings) -> dict[str, str]:
    """Where the model comes from; the commit and the data are those of the run, not of whoever registers it."""
    inherited = {
        key: value
        for key, value in job.tags.items()
        if key.startswith("mlops-") and not key.startswith((VERDICT_TAG, GATE_PREFIX))
    }
    metrics = found.evidence.metrics
    judged = {item.metric for item in found.verdict.findings if item.metric in metrics}
    measured = {f"{METRIC_PREFIX}{name}": repr(metrics[name]) for name in sorted(judged)}
    own = {
        FINGERPRINT_TAG: mark,
        JOB_TAG: job.name,
        COMPONENT_TAG: found.run.component,
        BASE_MODEL_TAG: found.run.base,
        PARAMETERS_TAG: found.run.digest,
        REPOSITORY_TAG: found.run.repository or context.repository,
        REGISTERED_BY_TAG: context.run_url,
    }
    stated = record.tags(found.verdict, found.evidence)
    return {**inherited, **measured, **stated, **{key: value for key, value in own.items() if value}}
