"""`mlops watch`: looks at a run until it ends or the bound is reached; a run outlives whoever watches it."""

from dataclasses import dataclass, field, replace

from mlops import clock
from mlops.azure import jobs, steps
from mlops.azure.failures import Transient
from mlops.domain.evaluation import scoring
from mlops.domain.training.progress import Snapshot, Step, news
from mlops.domain.training.run import JobState
from mlops.errors import AzureRefused, BadInput, MlopsError, Problem, RemoteFailed, Unfinished
from mlops.flow import interrupt, observe
from mlops.flow.context import Context, ReportOutcome
from mlops.render import Board, Report, Section, Table, table

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 20.0


def run(context: Context, *, job: str | None, wait_minutes: float | None, ok_if_unfinished: bool) -> ReportOutcome:
    """Look again and again, at growing intervals, until the run ends or the time is up.

    Raises KeyboardInterrupt with what became of the run, when the watcher is interrupted.
    """
    name = observe.job_name(context, job)
    bound = context.params.watch.wait_minutes if wait_minutes is None else wait_minutes
    watcher = _Watcher(context, name, clock.monotonic() + bound * 60)
    try:
        with context.board() as board:
            found = watcher.until_the_end(board)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(interrupt.settle(context, [name], f"mlops watch --job {name}")) from None
    outputs = {
        "status": found.state.value,
        "finished": "true" if found.state is JobState.COMPLETED else "false",
        "job": name,
    }
    if found.state is JobState.COMPLETED:
        return ReportOutcome(_completed(context, watcher, found), outputs)
    if found.state.ended:
        report, failure = _failed(context, watcher, found)
        return ReportOutcome(report, outputs, failure)
    resume = f"mlops watch --job {name}"
    lines = (f"looked for {bound:g} minutes; it goes on", found.studio_url)
    report = Report(f"{name} is still {found.state}", lines, watcher.tables(), next_step=resume, data=watcher.data())
    unfinished = Unfinished(Problem(f"{name} is {found.state} after {bound:g} minutes", fix=resume))
    return ReportOutcome(report, outputs, None if ok_if_unfinished else unfinished)


@dataclass
class _Watcher:
    """One wait: what was seen last, and how far the logs were read."""

    context: Context
    name: str
    deadline: float
    seen: Snapshot | None = None
    logs: dict[str, steps.Log] = field(default_factory=dict)

    def until_the_end(self, board: Board) -> jobs.Job:
        """The job when it has ended, or when the time is up; a service that is out of reach is waited for."""
        pause = FIRST_PAUSE
        while True:
            try:
                found = self._look(board)
                if found.state.ended:
                    return found
            except Transient as error:
                if clock.monotonic() + pause > self.deadline:
                    raise
                self.context.say(f"{error.problems[0].what}; looking again")
            else:
                if clock.monotonic() + pause > self.deadline:
                    return found
            clock.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _look(self, board: Board) -> jobs.Job:
        workspace = self.context.workspace
        found = jobs.find(workspace, self.name)
        if found is None:
            raise BadInput(Problem(f"there is no job {self.name}", "the workspace", fix="run `mlops submit`"))
        now = replace(self.seen or Snapshot(self.name, ""), state=found.state.value)
        log: list[str] = []
        if found.state is not JobState.NOT_STARTED:
            try:
                now = replace(now, steps=tuple(steps.tree(workspace, self.name)))
                now = replace(now, metrics=jobs.metrics(workspace, self.name))
                log = self._log(now)
            except AzureRefused as error:  # run history and MLflow may not know yet what the job's list knows
                log = [f"not to be read yet: {error.problems[0].what}"]
        before, self.seen = self.seen, now
        board.show(self.progress(), news(before, now), log)
        return found

    def _log(self, now: Snapshot) -> list[str]:
        """New lines of the step that works now, and what was left to read of the one before."""
        most, step = self.context.params.watch.log_lines, now.running()
        if not most:
            return []
        if step:
            self.logs.setdefault(step.id, steps.Log(self.context.workspace, step.id))
        lines = [line for log in self.logs.values() for line in log.more()]
        ended = {one.id for one in now.steps if one.ended}
        self.logs = {run: log for run, log in self.logs.items() if run not in ended}
        left_out = len(lines) - most
        return [f"({left_out} lines left out)", *lines[-most:]] if left_out > 0 else lines

    def progress(self) -> Table:
        """The steps, and the metrics as rows below them."""
        assert self.seen
        now = clock.now()
        title = f"{self.name} is {self.seen.state}"
        if self.seen.metrics:
            title += f": {self.seen.measured()}"
        return table(title, ("step", "state", "seconds", "error"), self.seen.rows(now))

    def tables(self) -> tuple[Table, ...]:
        """Steps and metrics as they were seen last."""
        if self.seen is None:
            return ()
        found = [self.progress()] if self.seen.steps else []
        if self.seen.metrics:
            found.append(table("Metrics so far", ("metric", "value"), sorted(self.seen.metrics.items())))
        return tuple(found)

    def data(self) -> dict[str, object]:
        """For programs."""
        seen = self.seen
        rows = (
            [{"name": s.name, "status": s.status, "seconds": s.seconds(), "error": s.error} for s in seen.steps]
            if seen
            else []
        )
        return {"state": seen.state if seen else "", "steps": rows, "metrics": dict(seen.metrics) if seen else {}}


def _completed(context: Context, watcher: _Watcher, found: jobs.Job) -> Report:
    return Report(
        f"{found.name} is Completed",
        (found.studio_url,),
        watcher.tables(),
        next_step=f"mlops {_next(context, found)} --job {found.name}",
        data=watcher.data(),
    )


def _next(context: Context, found: jobs.Job) -> str:
    why_not = scoring.why_not(enabled=context.params.evaluation.enabled, training_outputs=found.outputs)
    return "gate" if why_not else "evaluate"


def _failed(context: Context, watcher: _Watcher, found: jobs.Job) -> tuple[Report, RemoteFailed]:
    """Which step failed, why, and how its log ends. What cannot be read now must not hide that it failed."""
    bad = watcher.seen.failed() if watcher.seen else []
    why = "; ".join(dict.fromkeys(step.error for step in bad if step.error)) or _cause(context, found.name)
    names = ", ".join(step.name for step in bad)
    at = f" at {names}" if names else ""
    fix = f"look at its logs: {found.studio_url}; `mlops submit` starts a new attempt"
    sections = tuple(
        Section(f"The end of the log of {step.name}", tuple(lines))
        for step in bad
        if (lines := _log_end(context, step))
    )
    report = Report(
        f"{found.name} is {found.state}{at}",
        (why, found.studio_url),
        watcher.tables(),
        sections=sections,
        next_step="mlops submit",
        data={**watcher.data(), "failed_steps": [step.name for step in bad]},
    )
    return report, RemoteFailed(Problem(f"{found.name} is {found.state}{at}", why=why, fix=fix))


def _cause(context: Context, name: str) -> str:
    try:
        return jobs.failure(context.workspace, name)
    except MlopsError:
        return ""


def _log_end(context: Context, step: Step) -> list[str]:
    try:
        return steps.Log(context.workspace, step.id).last(context.params.watch.log_lines)
    except MlopsError as error:
        return [f"the log cannot be read: {error.problems[0].what}"]
