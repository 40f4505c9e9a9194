"""`mlops watch`: looks at a run until it ends or the bound is reached; a run outlives whoever watches it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from mlops import clock
from mlops.azure import jobs, steps
from mlops.azure.workspace import Workspace
from mlops.domain.training.progress import PipelineStep, Snapshot, news
from mlops.domain.training.run import JobState
from mlops.domain.training.time_left import NONE, PastSteps, TimeLeft, time_left
from mlops.errors import AzureRefused, BadInput, MlopsError, Problem, RemoteFailed, Unfinished
from mlops.flow import interrupt, observe, poll
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.training import under_way
from mlops.render import Board, Table, table

PAUSES = poll.Pauses(1.0, factor=1.2, longest=20.0)  # who waits is late by a fifth at most


@dataclass(frozen=True)
class WatchedStep:
    """One step as it was seen last. `depth` counts from 0 below the pipeline; `log_end` is read of a failed step."""

    name: str
    depth: int
    state: str
    started: datetime | None
    ended: datetime | None
    seconds: float | None
    error: str
    failed: bool
    log_end: tuple[str, ...]


@dataclass(frozen=True)
class WatchResult:
    """A run as it was seen last. `why` says why it failed; `evaluates` whether `mlops evaluate` comes next."""

    job: str
    state: JobState
    studio_url: str
    bound_minutes: float
    steps: tuple[WatchedStep, ...]
    metrics: Mapping[str, float]
    why: str
    evaluates: bool
    left: TimeLeft | None = None  # of one that goes on

    @property
    def failed_steps(self) -> tuple[WatchedStep, ...]:
        """The steps at which it failed."""
        return tuple(step for step in self.steps if step.failed)


def run(
    context: Context, *, job: str | None, wait_minutes: float | None, ok_if_unfinished: bool
) -> Outcome[WatchResult]:
    """Look again and again, at growing intervals, until the run ends or the time is up.

    Raises KeyboardInterrupt with what became of the run, when the watcher is interrupted.
    """
    workspace, params = context.workspace, context.params
    name = observe.job_name(context, job)
    bound = params.watch.wait_minutes if wait_minutes is None else wait_minutes
    watcher = _Watcher(workspace, name, params.watch.log_lines)
    try:
        with context.board() as board:
            found = poll.until(
                lambda: watcher.look(board),
                lambda job: job.state.ended,
                PAUSES,
                clock.monotonic() + bound * 60,
                unreachable=lambda error: context.say(f"{error.problems[0].what}; looking again"),
            )
    except KeyboardInterrupt:
        again = f"mlops watch --job {name}"
        raise KeyboardInterrupt(interrupt.settle(workspace, params.watch.on_interrupt, [name], again)) from None
    result = _result(workspace, watcher, found, bound, evaluation=params.evaluation.enabled)
    return Outcome(result, _failure(result, ok_if_unfinished=ok_if_unfinished))


@dataclass
class _Watcher:
    """One wait: what was seen last, and how far the logs were read."""

    workspace: Workspace
    name: str
    log_lines: int
    seen: Snapshot | None = None
    logs: dict[str, steps.Log] = field(default_factory=dict)
    past: PastSteps | None = None  # what the steps took before; read once, and only where it is to be waited
    left: TimeLeft | None = None

    def look(self, board: Board) -> jobs.Job:
        """The job as it is now; what is new is shown."""
        found = jobs.find(self.workspace, self.name)
        if found is None:
            raise BadInput(Problem(f"there is no job {self.name}", "the workspace", fix="run `mlops submit`"))
        now = replace(self.seen or Snapshot(self.name, ""), state=found.state.value)
        log: list[str] = []
        if found.state is not JobState.NOT_STARTED:
            try:
                now = replace(now, steps=tuple(steps.tree(self.workspace, self.name, found.experiment)))
                now = replace(now, metrics=jobs.metrics(self.workspace, self.name))
                if found.state.ended:
                    jobs.hand_on_metrics(self.workspace, self.name, now.metrics)
                log = self._log(now)
            except AzureRefused as error:  # run history and MLflow may not know yet what the job's list knows
                log = [f"not to be read yet: {error.problems[0].what}"]
        before, self.seen = self.seen, now
        self.left = None if found.state.ended else self._left(found, now)
        board.show(_progress(now, self.left), news(before, now), log)
        return found

    def _left(self, job: jobs.Job, now: Snapshot) -> TimeLeft | None:
        """Earlier runs that cannot be read only leave it unknown."""
        if self.past is None:
            try:
                self.past = under_way.past_steps(self.workspace, job)
            except MlopsError:
                self.past = NONE
        return time_left(now, self.past, under_way.epochs(job), self.workspace.now())

    def _log(self, now: Snapshot) -> list[str]:
        """New lines of the step that works now, and what was left to read of the one before."""
        most, step = self.log_lines, now.running()
        if not most:
            return []
        if step:
            self.logs.setdefault(step.id, steps.Log(self.workspace, step.id))
        lines = [line for log in self.logs.values() for line in log.more()]
        ended = {one.id for one in now.steps if one.ended}
        self.logs = {run: log for run, log in self.logs.items() if run not in ended}
        left_out = len(lines) - most
        return [f"({left_out} lines left out)", *lines[-most:]] if left_out > 0 else lines


def _progress(seen: Snapshot, left: TimeLeft | None) -> Table:
    """The steps for a screen that is drawn again at each look."""
    title = f"{seen.name} is {seen.state}{f', {under_way.told(left)}' if left else ''}"
    if seen.measured():
        title += f": {seen.measured()}"
    return table(title, ("step", "state", "seconds", "error"), seen.rows(clock.now()))


def _result(workspace: Workspace, watcher: _Watcher, found: jobs.Job, bound: float, *, evaluation: bool) -> WatchResult:
    """What was seen; of a run that failed also why, and how the logs end of the steps at which it did."""
    seen = watcher.seen or Snapshot(found.name, found.state.value)
    failed = found.state.ended and found.state is not JobState.COMPLETED
    bad = seen.failed() if failed else []
    why = "; ".join(dict.fromkeys(step.error for step in bad if step.error))
    return WatchResult(
        job=found.name,
        state=found.state,
        studio_url=found.studio_url,
        bound_minutes=bound,
        steps=tuple(_step(workspace, step, watcher.log_lines, failed=step in bad) for step in seen.steps),
        metrics=dict(seen.metrics),
        why=why or (_cause(workspace, found.name) if failed else ""),
        evaluates=evaluation,
        left=watcher.left,
    )


def _step(workspace: Workspace, step: PipelineStep, log_lines: int, *, failed: bool) -> WatchedStep:
    return WatchedStep(
        name=step.name,
        depth=step.depth,
        state=step.status,
        started=step.started,
        ended=step.ended,
        seconds=step.seconds(clock.now()),
        error=step.error,
        failed=failed,
        log_end=_log_end(workspace, step, log_lines) if failed else (),
    )


def _failure(result: WatchResult, *, ok_if_unfinished: bool) -> MlopsError | None:
    if result.state is JobState.COMPLETED:
        return None
    if not result.state.ended:
        what = f"{result.job} is {result.state} after {result.bound_minutes:g} minutes"
        return None if ok_if_unfinished else Unfinished(Problem(what, fix=f"mlops watch --job {result.job}"))
    names = ", ".join(step.name for step in result.failed_steps)
    what = f"{result.job} is {result.state}{f' at {names}' if names else ''}"
    fix = f"look at its logs: {result.studio_url}; `mlops submit` starts a new attempt"
    return RemoteFailed(Problem(what, why=result.why, fix=fix))


def _cause(workspace: Workspace, name: str) -> str:
    """Why the job failed; what cannot be read now must not hide that it did."""
    try:
        return jobs.failure(workspace, name)
    except MlopsError:
        return ""


def _log_end(workspace: Workspace, step: PipelineStep, lines: int) -> tuple[str, ...]:
    try:
        return tuple(steps.Log(workspace, step.id).last(lines))
    except MlopsError as error:
        return (f"the log cannot be read: {error.problems[0].what}",)
