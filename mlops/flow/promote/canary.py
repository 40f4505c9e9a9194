"""One step of the traffic, watched: active probes and Azure Monitor's numbers, against limits and the old deployment.

It says good or raises; the judgement itself is `mlops.domain.promote.canary`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mlops import clock
from mlops.azure import scoring, traffic_metrics
from mlops.azure.failures import Denied, Transient
from mlops.azure.workspace import Workspace
from mlops.domain.promote import canary
from mlops.domain.promote.canary import CanaryJudgement, CanaryLimits, Health, Numbers
from mlops.domain.promote.spec import RolloutSpec
from mlops.errors import MlopsError, Problem, RemoteFailed
from mlops.flow import poll
from mlops.flow.promote.invoke import HeldOut
from mlops.flow.promote.result import Measurement

PROBE_PAUSES = poll.Pauses(1.0)
MONITOR_PAUSES = poll.Pauses(30.0)
MINUTE = 60.0  # Azure Monitor counts by the minute
PROBES = "probes"
# One slow answer among few is noise; Azure Monitor's numbers have a minimum of their own in params.yaml.
PROBES_TO_COMPARE_LATENCY = 10
# A connection may break now and then; so many in a row, and nothing can be said of a deployment from here.
MOST_UNREACHED = 5


@dataclass
class CanaryAnalysis:
    """Watches one endpoint; `measurements` collects what was measured, for the report.

    An answer that this machine is to blame for is not counted; Denied and Transient say that nothing can be judged.
    """

    workspace: Workspace
    spec: RolloutSpec
    client: scoring.ScoringClient
    questions: Sequence[HeldOut]
    check: Callable[[], None] = lambda: None  # raises when this process should no longer act
    measurements: list[Measurement] = field(default_factory=list)

    def run(self, step: str, new: str, old: str | None) -> CanaryJudgement:
        """Watch for the bake time; at least one round of probes. Raises RemoteFailed as soon as the new one is bad."""
        watched = _Step(self, step, new, old, self.workspace.now())
        deadline = clock.monotonic() + self.spec.bake_seconds
        for _ in self.questions:
            watched.probe()
        poll.until(watched.look, lambda _: False, PROBE_PAUSES, deadline)
        return watched.conclude()


@dataclass
class _Step:
    """One step of one deployment, beside the one that it replaces."""

    analysis: CanaryAnalysis
    step: str
    new: str
    old: str | None
    began: datetime
    answers: dict[str, list[scoring.Answer]] = field(default_factory=dict)
    rounds: int = 0
    unreached: dict[str, int] = field(default_factory=dict)  # by deployment: so many in a row say nothing of it
    next_look: float = field(default_factory=lambda: clock.monotonic() + MONITOR_PAUSES.first)

    @property
    def monitored(self) -> bool:
        """Nothing whole can be counted within less than a minute, so a short bake time does not ask Azure Monitor."""
        return self.analysis.spec.bake_seconds + self.analysis.spec.metrics_wait_seconds >= MINUTE

    def probe(self) -> None:
        """The same question through the ordinary traffic and straight at both deployments."""
        analysis = self.analysis
        asked = analysis.questions[self.rounds % len(analysis.questions)]
        self.rounds += 1
        for deployment in (None, self.new, self.old) if self.old else (None, self.new):
            answer = analysis.client.invoke(asked.messages, analysis.spec.invocation, deployment)
            if self._says_nothing(answer, deployment or ""):
                continue
            # Whoever failed without saying who it was counts as the new one: nothing else has changed.
            self.answers.setdefault(deployment or answer.deployment or self.new, []).append(answer)
        self._stop_if_bad(self._judge_probes())

    def _says_nothing(self, answer: scoring.Answer, deployment: str) -> bool:
        """Whether it is this machine's fault. Raises the failure when that is so time after time."""
        failure = scoring.not_the_models(answer, self.analysis.spec.endpoint)
        self.unreached[deployment] = self.unreached.get(deployment, 0) + 1 if failure else 0
        if failure and (isinstance(failure, Denied) or self.unreached[deployment] >= MOST_UNREACHED):
            raise failure
        return failure is not None

    def look(self) -> None:
        """One more round, and now and then what Azure Monitor has."""
        self.probe()
        if self.monitored and clock.monotonic() >= self.next_look:
            self.next_look = clock.monotonic() + MONITOR_PAUSES.first
            self._stop_if_bad(self._judge_metrics()[0])
            self.analysis.check()

    def conclude(self) -> CanaryJudgement:
        """The last judgement by both sources. Raises Transient when no probe of the new one came through."""
        if not self.answers.get(self.new):
            what = f"{self.new} at {self.step} cannot be judged: no probe of it came through from here"
            raise Transient(Problem(what, fix="look at the network of this machine"))
        probes, spec = self._judge_probes(), self.analysis.spec
        if self.monitored:
            service, numbers = self._wait_for_metrics()
        else:
            why = f"{traffic_metrics.SOURCE}: not asked, it counts by the minute and this bake time is shorter"
            service, numbers = CanaryJudgement(Health.UNKNOWN, why), {}
        self._note(numbers)
        if service.health is Health.UNKNOWN and spec.metrics_required:
            what, key = f"{self.new} at {self.step} cannot be judged: {service.why}", spec.key("limits.without_metrics")
            raise RemoteFailed(Problem(what, why=f"{key} is roll_back", key=key))
        found = canary.combine([probes, service])
        if found.health is Health.BAD:
            raise RemoteFailed(Problem(f"{self.new} at {self.step} is bad", why=found.why))
        return CanaryJudgement(found.health, f"{probes.why}; {service.why}")

    def _wait_for_metrics(self) -> tuple[CanaryJudgement, dict[str, Numbers]]:
        """Azure Monitor's judgement; while it has none, wait within the bound, and keep probing."""

        def look() -> tuple[CanaryJudgement, dict[str, Numbers]]:
            self.probe()
            self.analysis.check()
            return self._judge_metrics()

        deadline = clock.monotonic() + self.analysis.spec.metrics_wait_seconds
        return poll.until(look, lambda found: found[0].health is not Health.UNKNOWN, MONITOR_PAUSES, deadline)

    def _judge_metrics(self) -> tuple[CanaryJudgement, dict[str, Numbers]]:
        workspace, source = self.analysis.workspace, traffic_metrics.SOURCE
        endpoint = self.analysis.spec.endpoint
        try:
            seen = traffic_metrics.by_deployment(workspace, endpoint, since=self.began, until=workspace.now())
        except MlopsError as error:  # no numbers are no reason to call a model bad
            return CanaryJudgement(Health.UNKNOWN, f"{source}: {error.problems[0].what}"), {}
        numbers = seen.by_deployment
        if self.new not in numbers:
            late = "it is some minutes late" if seen.until is None else f"its newest point is of {seen.until:%H:%M}"
            return CanaryJudgement(Health.UNKNOWN, f"{source}: no requests of {self.new} yet; {late}"), numbers
        judged = canary.judge(numbers[self.new], numbers.get(self.old or ""), self.analysis.spec.limits)
        return judged, numbers

    def _judge_probes(self) -> CanaryJudgement:
        limits: CanaryLimits = replace(
            self.analysis.spec.limits, minimum_requests=1, minimum_to_compare_latency=PROBES_TO_COMPARE_LATENCY
        )
        return canary.judge(self._count(self.new), self._count(self.old) if self.old else None, limits)

    def _count(self, name: str) -> Numbers:
        counts: dict[int, float] = {}
        answers = self.answers.get(name, [])
        for answer in answers:
            counts[answer.code] = counts.get(answer.code, 0) + 1
        return Numbers(PROBES, counts, canary.percentile([answer.seconds * 1000 for answer in answers], 95))

    def _stop_if_bad(self, found: CanaryJudgement) -> None:
        if found.health is Health.BAD:
            self._note({})
            said = next((answer.failure for answer in self.answers.get(self.new, []) if answer.failure), "")
            raise RemoteFailed(Problem(f"{self.new} at {self.step} is bad: {found.why}", why=said))

    def _note(self, service: dict[str, Numbers]) -> None:
        for name in (self.new, self.old) if self.old else (self.new,):
            for numbers in (self._count(name), service.get(name)):
                if numbers and numbers.total:
                    self.analysis.measurements.append(
                        Measurement(
                            self.step, numbers.source, name, numbers.classes(), numbers.error_share, numbers.p95_ms
                        )
                    )
