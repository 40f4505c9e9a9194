"""Judges running jobs of ours that are past a limit, and computes that are up and idle.

It must not look anything up. What waits in a queue holds no machine, so its time does not count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mlops.domain.cleanup.mark_then_delete import MarkThenDelete, Verdict
from mlops.domain.cleanup.marks import asked_to_keep, value_of
from mlops.domain.cleanup.plan import Because, Cause, Item, ItemState, Kind
from mlops.domain.promote.endpoint import age
from mlops.domain.tags import IDLE_SINCE_TAG
from mlops.domain.training.run import JobState

_RUNS = frozenset({JobState.RUNNING, JobState.NOT_RESPONDING})
_ENDS = frozenset({JobState.FINALIZING, JobState.CANCEL_REQUESTED})


@dataclass(frozen=True)
class JobFacts:
    """A job that has not ended; `started` is when it began to run, where that is known.

    `size` and `nodes` are the machines that it was given, where its tags say so.
    """

    name: str
    ours: bool
    state: str
    started: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)
    protected_by: str = ""
    size: str = ""
    nodes: int = 0


@dataclass(frozen=True)
class ComputeFacts:
    """A cluster that never scales to zero, or a compute instance; `since` is when it last changed its state."""

    name: str
    ours: bool
    size: str
    state: str  # provisioning state of a cluster, power state of an instance
    is_cluster: bool
    least_nodes: int = 0
    nodes: int = 0
    busy_nodes: int = 0
    since: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    protected_by: str = ""


def judge_jobs(jobs: Sequence[JobFacts], limit: timedelta, grace: timedelta, now: datetime) -> list[Item]:
    """Judge the jobs that have not ended."""
    return [
        _job(job, limit, MarkThenDelete(value_of(job.tags, IDLE_SINCE_TAG), now, grace, ItemState.CANCEL))
        for job in jobs
    ]


def judge_compute(computes: Sequence[ComputeFacts], idle: timedelta, now: datetime) -> list[Item]:
    """Judge the computes that can be up without work."""
    return [_compute(one, idle, now) for one in computes]


def _job(job: JobFacts, limit: timedelta, phases: MarkThenDelete) -> Item:
    state, because, reason = _job_verdict(job, limit, phases)
    nodes = job.nodes if job.size and job.state in _RUNS else 0
    return Item(
        name=job.name,
        environment=None,
        state=state,
        reason=reason,
        ours=job.ours,
        instances=nodes,
        marked=phases.now if state is ItemState.MARK else phases.mark,
        kind=Kind.JOB,
        because=because,
        cause=Cause.LONG_JOBS if because is Because.TOO_LONG else None,
        machines={job.size: nodes} if nodes else {},
    )


def _job_verdict(job: JobFacts, limit: timedelta, phases: MarkThenDelete) -> Verdict:
    if not job.ours:
        return ItemState.KEEP, Because.NOT_OURS, "not ours: it has no name and tag of this repository"
    if job.protected_by:
        return ItemState.KEEP, Because.PROTECTED, f"protected by {job.protected_by}"
    if asked := asked_to_keep(job.tags, phases.now):
        return ItemState.KEEP, Because.PROTECTED, asked
    if job.state in _ENDS:
        return ItemState.KEEP, Because.CHANGING, f"it is {job.state}"
    if job.state not in _RUNS:
        return ItemState.KEEP, Because.IN_USE, f"it is {job.state} and holds no machine"
    if job.started is None:
        return ItemState.KEEP, Because.NO_DATA, "it is not known since when it runs"
    if phases.now - job.started < limit:
        return ItemState.KEEP, Because.IN_USE, f"runs since {age(job.started, phases.now)}"
    hours = limit / timedelta(hours=1)
    return phases.go(
        Because.TOO_LONG, f"runs since {age(job.started, phases.now)}; {hours:g} hours is the limit", job.started
    )


def _compute(one: ComputeFacts, idle: timedelta, now: datetime) -> Item:
    state, because, reason = _compute_verdict(one, idle, now)
    # the nodes that work are those of jobs, which are items of their own
    up = max(0, one.nodes - one.busy_nodes) if one.is_cluster else int(one.state == "Running")
    return Item(
        name=one.name,
        environment=None,
        state=state,
        reason=reason,
        ours=one.ours,
        instances=up,
        kind=Kind.COMPUTE,
        because=because,
        cause=Cause.IDLE_COMPUTE if state in (ItemState.REPORT, ItemState.RELEASE) else None,
        machines={one.size: up} if up else {},
    )


def _compute_verdict(one: ComputeFacts, idle: timedelta, now: datetime) -> Verdict:
    if one.protected_by:
        return ItemState.KEEP, Because.PROTECTED, f"protected by {one.protected_by}"
    if asked := asked_to_keep(one.tags, now):
        return ItemState.KEEP, Because.PROTECTED, asked
    since = f" for {age(one.since, now)}" if one.since else ""
    if one.is_cluster:
        verdict = _cluster_verdict(one, since)
    elif one.state == "Stopped":
        return ItemState.REPORT, Because.IDLE, f"stopped{since}; its disk still costs"
    elif one.state != "Running":
        return ItemState.KEEP, Because.CHANGING, f"it is {one.state}"
    elif one.since is None:
        return ItemState.KEEP, Because.NO_DATA, "it is not known since when it runs"
    else:
        verdict = (ItemState.RELEASE, Because.IDLE, f"runs{since}; give it an idle shutdown")
    state, because, reason = verdict
    if state is not ItemState.RELEASE:
        return verdict
    if one.since is not None and now - one.since < idle:
        return ItemState.KEEP, Because.TOO_YOUNG, f"changed its state {age(one.since, now)} ago"
    return (state, because, reason) if one.ours else (ItemState.REPORT, because, f"{reason}; not ours, so only said")


def _cluster_verdict(one: ComputeFacts, since: str) -> Verdict:
    if one.busy_nodes:
        return ItemState.KEEP, Because.IN_USE, f"{one.busy_nodes} of its nodes work"
    if one.state != "Succeeded":
        return ItemState.KEEP, Because.CHANGING, f"it is {one.state}"
    if not one.nodes:
        return ItemState.REPORT, Because.IDLE, f"its least number of nodes is {one.least_nodes}, although none is up"
    return ItemState.RELEASE, Because.IDLE, f"{one.nodes} nodes idle{since}, as its minimum is {one.least_nodes}"
