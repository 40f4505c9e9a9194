"""One step of the traffic, watched: active probes and Azure Monitor's numbers, against limits and the old deployment.

It must not move traffic; it says good or raises. The judgement itself is `mlops.domain.promote.canary`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mlops import clock
from mlops.azure import scoring, traffic_metrics
from mlops.domain.promote import canary
from mlops.domain.promote.canary import Finding, Health, Limits, Numbers
from mlops.errors import MlopsError, Problem, RemoteFailed
from mlops.flow.context import Context
from mlops.flow.promote import ask
from mlops.params import Environment
from mlops.render import Table, table

PROBE_PAUSE = 1.0
MONITOR_PAUSE = 30.0
MINUTE = 60.0  # Azure Monitor counts by the minute
PROBES = "probes"
# One slow answer among few is noise; Azure Monitor's numbers have a minimum of their own in params.yaml.
PROBES_TO_COMPARE_LATENCY = 10
COLUMNS = ("step", "source", "deployment", "requests by class", "errors", "p95 ms")


@dataclass
class Soak:
    """Watches one endpoint; `rows` collects what was measured, for the report."""

    context: Context
    endpoint: str
    settings: Environment
    asker: scoring.Asker
    questions: Sequence[tuple[list[dict[str, str]], str]]
    check: Callable[[], None] = lambda: None  # raises when this process should no longer act
    rows: list[tuple[str, ...]] = field(default_factory=list)
    _answers: dict[str, list[scoring.Answer]] = field(default_factory=dict)

    def run(self, step: str, new: str, old: str | None) -> Finding:
        """Watch for the soak time; at least one round of probes. Raises RemoteFailed as soon as the new one is bad."""
        self._answers = {}
        began, deadline = self.context.workspace.now(), clock.monotonic() + self.settings.soak_seconds
        # Nothing whole can be counted within less than a minute, so a short soak does not ask.
        monitored = self.settings.soak_seconds + self.settings.limits.metrics_wait_seconds >= MINUTE
        next_look = clock.monotonic() + MONITOR_PAUSE
        number = 0
        while True:
            self._round(number, new, old)
            self._stop_if_bad(step, new, old, canary.judge(*self._probed(new, old), self._probe_limits()))
            if number + 1 >= len(self.questions) and clock.monotonic() + PROBE_PAUSE > deadline:
                break
            if monitored and clock.monotonic() >= next_look:
                next_look = clock.monotonic() + MONITOR_PAUSE
                self._stop_if_bad(step, new, old, self._monitored(began, new, old)[0])
                self.check()
            number += 1
            clock.sleep(PROBE_PAUSE if clock.monotonic() < deadline else 0)
        return self._final(step, began, new, old, monitored=monitored)

    def table(self) -> Table | None:
        """Everything that was measured, a row a step, source and deployment."""
        return table("Judgements", COLUMNS, self.rows) if self.rows else None

    def _final(self, step: str, began: datetime, new: str, old: str | None, *, monitored: bool) -> Finding:
        probes = canary.judge(*self._probed(new, old), self._probe_limits())
        if monitored:
            service, numbers = self._wait_for_monitor(began, new, old)
        else:
            why = f"{traffic_metrics.SOURCE}: not asked, it counts by the minute and this soak is shorter"
            service, numbers = Finding(Health.UNKNOWN, why), {}
        self._note(step, new, old, numbers)
        limits = self.settings.limits
        if service.health is Health.UNKNOWN and limits.without_metrics == "roll_back":
            why = "environments limits.without_metrics is roll_back"
            raise RemoteFailed(Problem(f"{new} at {step} cannot be judged: {service.why}", why=why))
        found = canary.combine([probes, service])
        if found.health is Health.BAD:
            raise RemoteFailed(Problem(f"{new} at {step} is bad", why=found.why))
        return Finding(found.health, f"{probes.why}; {service.why}")

    def _wait_for_monitor(self, began: datetime, new: str, old: str | None) -> tuple[Finding, dict[str, Numbers]]:
        """Azure Monitor's judgement; while it has none, wait within the bound, and keep probing."""
        deadline = clock.monotonic() + self.settings.limits.metrics_wait_seconds
        while True:
            finding, numbers = self._monitored(began, new, old)
            if finding.health is not Health.UNKNOWN or clock.monotonic() + PROBE_PAUSE > deadline:
                return finding, numbers
            clock.sleep(min(MONITOR_PAUSE, deadline - clock.monotonic()))
            self._round(0, new, old)
            self.check()

    def _monitored(self, began: datetime, new: str, old: str | None) -> tuple[Finding, dict[str, Numbers]]:
        workspace, source = self.context.workspace, traffic_metrics.SOURCE
        try:
            seen = traffic_metrics.by_deployment(workspace, self.endpoint, since=began, until=workspace.now())
        except MlopsError as error:  # no numbers are no reason to call a model bad
            return Finding(Health.UNKNOWN, f"{source}: {error.problems[0].what}"), {}
        if new not in seen.by_deployment:
            late = "it is some minutes late" if seen.until is None else f"its newest point is of {seen.until:%H:%M}"
            return Finding(Health.UNKNOWN, f"{source}: no requests of {new} yet; {late}"), seen.by_deployment
        numbers = seen.by_deployment
        return canary.judge(numbers[new], numbers.get(old or ""), self._limits()), numbers

    def _round(self, number: int, new: str, old: str | None) -> None:
        """The same question through the ordinary traffic and straight at both deployments."""
        messages, _ = self.questions[number % len(self.questions)]
        for deployment in (None, new, old) if old else (None, new):
            answer = ask.ask(self.context, self.asker, messages, deployment)
            # Whoever failed without saying who it was counts as the new one: nothing else has changed.
            self._answers.setdefault(deployment or answer.deployment or new, []).append(answer)

    def _probed(self, new: str, old: str | None) -> tuple[Numbers, Numbers | None]:
        return self._count(new), self._count(old) if old else None

    def _count(self, name: str) -> Numbers:
        counts: dict[int, float] = {}
        for answer in self._answers.get(name, []):
            counts[answer.code] = counts.get(answer.code, 0) + 1
        return Numbers(PROBES, counts, canary.percentile([a.seconds * 1000 for a in self._answers.get(name, [])], 95))

    def _limits(self) -> Limits:
        stated = self.settings.limits.model_dump(exclude={"metrics_wait_seconds", "without_metrics"})
        return Limits(**stated)

    def _probe_limits(self) -> Limits:
        return replace(self._limits(), minimum_requests=1, minimum_to_compare_latency=PROBES_TO_COMPARE_LATENCY)

    def _stop_if_bad(self, step: str, new: str, old: str | None, finding: Finding) -> None:
        if finding.health is Health.BAD:
            self._note(step, new, old, {})
            said = next((a.failure for a in self._answers.get(new, []) if a.failure), "")
            raise RemoteFailed(Problem(f"{new} at {step} is bad: {finding.why}", why=said))

    def _note(self, step: str, new: str, old: str | None, service: dict[str, Numbers]) -> None:
        for name in (new, old) if old else (new,):
            for numbers in (self._count(name), service.get(name)):
                if numbers and numbers.total:
                    classes = ", ".join(f"{kind} {count:g}" for kind, count in numbers.classes().items())
                    slow = "-" if numbers.p95_ms is None else f"{numbers.p95_ms:.0f}"
                    self.rows.append((step, numbers.source, name, classes, f"{numbers.error_share:.1%}", slow))
