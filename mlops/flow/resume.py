"""`mlops resume`: one tick that carries finished runs of this product on through gate and register.

It keeps no state: what is left to do is what the workspace shows.
"""

from pathlib import Path

from mlops.azure import jobs, models
from mlops.domain.run import JobState, parse_job_name
from mlops.errors import GateRefused, Problem
from mlops.flow import gate, register
from mlops.flow.context import Context, Outcome
from mlops.views import Report, table

VERDICTS = Path("build/verdicts")  # the workflow uploads what is there
LOOK_BACK = 50  # jobs, newest first


def run(context: Context) -> Outcome:
    """Gate and register each completed run that has no verdict and no model; runs under way are only named."""
    found = [
        job
        for job in jobs.recent(context.workspace, LOOK_BACK)
        if job.tags.get("mlops-owner") == context.owner and parse_job_name(job.name)
    ]
    known = {
        model.tags.get(models.FINGERPRINT_TAG)
        for model in models.versions(context.workspace, context.params.model.name)
    }
    rows: list[tuple[str, str, str]] = []
    outputs = {"job": "", "finished": "false", "model": ""}
    refusals: list[Problem] = []
    verdicts: list[Report] = []
    for job in found:
        state, said = _carry_on(context, job, known, outputs, refusals, verdicts)
        rows.append((job.name, state, said))
    report = Report(
        "Resume",
        (f"looked at {len(found)} runs",),
        (table("Runs", ("job", "state", "what"), rows),),
        sections=tuple(section for item in verdicts for section in item.as_sections()),
        next_step=f"mlops promote staging --model {outputs['model']}" if outputs["model"] else "",
    )
    return Outcome(report, outputs, GateRefused(refusals) if refusals else None)


def _carry_on(
    context: Context,
    job: jobs.Job,
    known: set[str | None],
    outputs: dict[str, str],
    refusals: list[Problem],
    verdicts: list[Report],
) -> tuple[str, str]:
    parsed = parse_job_name(job.name)
    assert parsed is not None, "only our jobs come here"
    if job.state is not JobState.COMPLETED:
        return job.state.value, "nothing to do" if job.state.ended else "under way"
    if parsed[0] in known:
        return job.state.value, "registered already"
    if job.tags.get(gate.VERDICT_TAG) == "refuse":
        return job.state.value, "was refused"
    judged = gate.run(context, job=job.name, out=VERDICTS / f"{job.name}.json")
    verdicts.append(judged.report)
    if judged.failure:
        refusals += judged.failure.problems
        return job.state.value, "refused"
    done = register.run(context, job=job.name, card=VERDICTS / f"{job.name}-model-card.md")
    known.add(parsed[0])
    # The newest finished run is the one to promote; older ones are registered for the record.
    if not outputs["model"]:
        outputs |= {"job": job.name, "finished": "true", "model": done.outputs["model"]}
    return job.state.value, f"registered as {done.outputs['model']}"
