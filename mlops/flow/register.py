"""`mlops register`: a model version for a run that passed, once, with its lineage as tags."""

from mlops.azure import jobs, models
from mlops.domain.evidence import Evidence
from mlops.domain.metrics import Verdict
from mlops.domain.run import parse_job_name
from mlops.errors import BadInput, Problem
from mlops.flow import gate, observe
from mlops.flow.context import Context, Outcome
from mlops.flow.evidence import METRIC_TAG
from mlops.views import Report, table


def run(context: Context, *, job: str | None) -> Outcome:
    """Register the model of a run, unless its fingerprint has one. The verdict is computed again, never taken over."""
    name = observe.job_name(context, job)
    parsed = parse_job_name(name)
    if parsed is None:
        raise BadInput(Problem(f"{name} is not a job of ours", fix="name a job that `mlops submit` made (ft-...)"))
    found = gate.require_completed(context, name)
    known = models.versions(context.workspace, context.params.model.name)
    mark = parsed[0]
    if there := next((model for model in known if model.tags.get(models.FINGERPRINT_TAG) == mark), None):
        report = Report(
            "Registered already", (f"{there.label} carries fingerprint {mark}",), next_step="mlops promote staging"
        )
        return Outcome(report, {"model": there.label})
    verdict, evidence = gate.wait_and_judge(context, name)
    if not verdict.passed:
        raise gate.refusal(verdict)
    tags = _tags(found, mark, verdict, evidence)
    made = models.register(
        context.workspace,
        context.params.model.name,
        models.next_version(known),
        name,
        description=f"{tags.get('mlops-base-model', 'a model')} fine-tuned by {name}",
        tags=tags,
    )
    lineage = table("Lineage", ("what", "value"), sorted(tags.items()))
    return Outcome(
        Report(f"Registered {made.label}", (f"from {name}",), (lineage,), next_step="mlops promote staging"),
        {"model": made.label},
    )


def _tags(job: jobs.Job, mark: str, verdict: Verdict, evidence: Evidence) -> dict[str, str]:
    """Where the model comes from; the commit and the data are those of the run, not of whoever registers it."""
    inherited = {key: value for key, value in job.tags.items() if key.startswith("mlops-")}
    measured = {
        f"{METRIC_TAG}{finding.metric}": repr(evidence.metrics[finding.metric])
        for finding in verdict.findings
        if finding.metric in evidence.metrics
    }
    own = {models.FINGERPRINT_TAG: mark, "mlops-job": job.name, gate.VERDICT_TAG: "pass"}
    return {**inherited, **measured, **own}
