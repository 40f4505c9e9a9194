"""`mlops status`: what is live, what runs, waits and is held, what this commit would change, what cleanup will do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mlops.azure import at_once
from mlops.domain.cleanup.plan import Because, Kind
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.release.drift import Drift
from mlops.domain.release.next_step import Standing, next_step
from mlops.domain.release.plan import Facts, ReleasePlan, Verb, decide
from mlops.domain.training.run import JobState
from mlops.errors import MlopsError
from mlops.flow import observe
from mlops.flow.cleanup import cleanup
from mlops.flow.cleanup.cleanup import CleanupItem, CleanupResult
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.release import approvals, drift, live, released_diff, schedules
from mlops.flow.release.approvals import Approvals
from mlops.flow.release.live import EnvironmentStatus
from mlops.flow.release.released_diff import ReleasedDiff
from mlops.flow.release.schedules import Schedules
from mlops.flow.training import training_spec, under_way
from mlops.flow.training.under_way import RunUnderWay
from mlops.github_api import GitHub


@dataclass(frozen=True)
class CleanupForecast:
    """What the next run of `mlops cleanup --apply` would do, and what is marked; `gap` says why it is not known."""

    items: tuple[CleanupItem, ...] = ()
    grace_hours: float = 0
    gap: str = ""


@dataclass(frozen=True)
class StatusResult:
    """How far this commit got, what is live, what goes on, and what comes next; null is what does not exist yet.

    `refusal` says why the gate refuses the finished run by the rules of now. `next_verb` is the first step that the
    plan would run; null where nothing is to be done. `drift` is what somebody changed since mlops last promoted.
    `promotes` are the environments that are to get this commit's model.
    """

    recipe: str
    data_version: str | None
    fingerprint: str | None
    job: str | None
    job_state: JobState | None
    refusal: str | None
    model: str | None
    environments: tuple[EnvironmentStatus, ...]
    under_way: tuple[RunUnderWay, ...]
    approvals: Approvals
    schedules: Schedules
    promotes: tuple[str, ...]
    compared: ReleasedDiff
    cleanup: CleanupForecast
    drift: tuple[Drift, ...]
    next_verb: Verb | None
    why: str
    next_step: str


def run(context: Context, *, github: Callable[[], GitHub]) -> Outcome[StatusResult]:
    """Look, and say. What cleanup would do is looked at beside all else."""
    workspace = context.workspace

    def besides_cleanup() -> StatusResult:
        specs, training = rollout_specs(context), training_spec.of(context)
        seen, made_of = at_once.both(
            lambda: own_endpoints(context), lambda: training_spec.training(workspace, training)
        )
        facts = observe.facts(context, made_of, seen)
        plan = decide(facts)
        pending = facts.outdated or observe.outdated(workspace, seen, specs)
        (environments, running), (changed, compared) = at_once.both(
            lambda: at_once.both(
                lambda: live.environments(context, seen, pending), lambda: under_way.found(workspace, context.owner)
            ),
            lambda: at_once.both(
                lambda: drift.found(workspace, seen, specs),
                lambda: released_diff.compare(context, made_of, facts.data_version, seen),
            ),
        )
        waiting = approvals.found(github)
        return StatusResult(
            recipe=facts.recipe,
            data_version=facts.data_version,
            fingerprint=facts.fingerprint,
            job=facts.attempt.name if facts.attempt else None,
            job_state=facts.attempt.state if facts.attempt else None,
            refusal=facts.refusal,
            model=facts.model,
            environments=environments,
            under_way=running,
            approvals=waiting,
            schedules=schedules.found(github, run_under_way=bool(running)),
            promotes=plan.environments,
            compared=compared,
            cleanup=CleanupForecast(),
            drift=changed,
            next_verb=plan.first,
            why=plan.why,
            next_step=next_step(_standing(facts, plan, seen, environments, running, waiting)),
        )

    done, forecast = at_once.both(
        besides_cleanup,
        lambda: _forecast(context.params.cleanup.grace_hours, lambda: cleanup.run(context, apply_plan=False)),
    )
    return Outcome(replace(done, cleanup=forecast))


def _standing(
    facts: Facts,
    plan: ReleasePlan,
    seen: Mapping[str, EndpointFacts],
    environments: tuple[EnvironmentStatus, ...],
    running: tuple[RunUnderWay, ...],
    waiting: Approvals,
) -> Standing:
    version = (facts.model or "").rpartition(":")[2]
    return Standing(
        verb=plan.first,
        environments=plan.environments,
        under_way=[one.job for one in running],
        refused=facts.refusal is not None,
        waiting=[one.run for one in waiting.waiting],
        frozen=[one.name for one in environments if one.frozen],
        held={one.name: version for one in environments if version in one.held},
        changed_by_hand=[name for name, one in seen.items() if one.drift and not one.promoting],
    )


def _forecast(hours: float, dry_run: Callable[[], Outcome[CleanupResult]]) -> CleanupForecast:
    """What cannot be read hides nothing else."""
    try:
        found = dry_run()
    except MlopsError as error:
        return CleanupForecast(grace_hours=hours, gap=error.problems[0].what)
    items = tuple(one for one in found.result.items if one.ours and (one.acts or one.because is Because.WAITING))
    endpoints_first = sorted(items, key=lambda one: list(Kind).index(one.kind))
    return CleanupForecast(tuple(endpoints_first), hours, found.failure.problems[0].what if found.failure else "")
