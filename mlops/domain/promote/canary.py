"""Judges a deployment by how it answered: error share and latency, against limits and against the one it replaces.

The numbers come from probes and from Azure Monitor.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

UNUSABLE = 0  # stands where a status would: no answer at all, or a 200 without a text in it
# The service's or the model's own fault. 424 is the container's error, 408 the time limit, 429 too many pending; other
# 4xx are the caller's, whoever serves. Source: how-to-troubleshoot-online-endpoints, HTTP status codes.
FAULTS_BELOW_500 = frozenset({UNUSABLE, 408, 424, 429})


class Health(StrEnum):
    """What the numbers say."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CanaryLimits:
    """When a deployment is bad. Shares are 0 to 1, times milliseconds; None sets no limit."""

    error_share: float = 0.02
    error_share_over_old: float = 0.01
    p95_ms: float | None = None
    p95_ratio_to_old: float | None = 2.0
    p95_slack_ms: float = 1000.0
    minimum_requests: int = 1
    minimum_to_compare_latency: int = 1


@dataclass(frozen=True)
class Numbers:
    """How one deployment answered, by one source; `requests` by status code, latency None where it is not known."""

    source: str
    requests: Mapping[int, float] = field(default_factory=dict)
    p95_ms: float | None = None

    @property
    def total(self) -> float:
        """All requests."""
        return sum(self.requests.values())

    @property
    def errors(self) -> float:
        """Those that failed through no fault of the caller."""
        return sum(count for status, count in self.requests.items() if is_fault(status))

    @property
    def error_share(self) -> float:
        """0 to 1; 0 without requests."""
        return self.errors / self.total if self.total else 0.0

    def classes(self) -> dict[str, float]:
        """Requests by status class: `2xx`, `4xx`, ... and `none` for those without a usable answer."""
        found: dict[str, float] = {}
        for status, count in sorted(self.requests.items()):
            name = f"{status // 100}xx" if status else "none"
            found[name] = found.get(name, 0.0) + count
        return found


@dataclass(frozen=True)
class CanaryJudgement:
    """A judgement and its reason in a sentence."""

    health: Health
    why: str


def is_fault(status: int) -> bool:
    """Whether a status counts against the deployment."""
    return status >= 500 or status in FAULTS_BELOW_500


def percentile(values: Sequence[float], percent: float) -> float | None:
    """By nearest rank, as Azure Monitor's P95 is a latency that occurred; None without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] if ordered else None


def judge(new: Numbers, old: Numbers | None, limits: CanaryLimits) -> CanaryJudgement:
    """Whether the numbers of a new deployment are good, beside those of the old one from the same source and time.

    Too few requests are no ground for either judgement. An old deployment with too few is not compared with.
    """
    if new.total < limits.minimum_requests:
        return CanaryJudgement(Health.UNKNOWN, f"{new.source}: {new.total:g} requests, too few to judge")
    beside = old if old and old.total >= limits.minimum_requests else None
    bad = [*_errors(new, beside, limits), *_latency(new, beside, limits)]
    if bad:
        return CanaryJudgement(Health.BAD, f"{new.source}: {'; '.join(bad)}")
    return CanaryJudgement(Health.GOOD, f"{new.source}: {describe(new)}")


def combine(findings: Iterable[CanaryJudgement]) -> CanaryJudgement:
    """Bad if any is, good if at least one is, else unknown; with every reason that counts."""
    found = list(findings)
    for health in (Health.BAD, Health.GOOD, Health.UNKNOWN):
        if any(one.health is health for one in found):
            chosen = [one for one in found if one.health is health or health is Health.GOOD]
            return CanaryJudgement(health, "; ".join(one.why for one in chosen))
    return CanaryJudgement(Health.UNKNOWN, "nothing was measured")


def describe(numbers: Numbers) -> str:
    """The numbers in a few words."""
    classes = ", ".join(f"{name} {count:g}" for name, count in numbers.classes().items())
    latency = "" if numbers.p95_ms is None else f", p95 {numbers.p95_ms:.0f} ms"
    return f"{numbers.total:g} requests ({classes}), {numbers.error_share:.1%} errors{latency}"


def _errors(new: Numbers, old: Numbers | None, limits: CanaryLimits) -> list[str]:
    said = f"{new.error_share:.1%} of {new.total:g} requests failed ({_faults(new)})"
    if new.error_share > limits.error_share:
        return [f"{said}, limit {limits.error_share:.1%}"]
    if old and new.error_share > old.error_share + limits.error_share_over_old:
        return [f"{said}, the old one {old.error_share:.1%}"]
    return []


def _faults(numbers: Numbers) -> str:
    named = {UNUSABLE: "no usable answer"}
    return ", ".join(
        f"{named.get(code, code)}: {n:g}" for code, n in sorted(numbers.requests.items()) if is_fault(code)
    )


def _latency(new: Numbers, old: Numbers | None, limits: CanaryLimits) -> list[str]:
    if new.p95_ms is None:
        return []
    said = f"p95 latency is {new.p95_ms:.0f} ms"
    if limits.p95_ms is not None and new.p95_ms > limits.p95_ms:
        return [f"{said}, limit {limits.p95_ms:.0f} ms"]
    if old is None or old.p95_ms is None or limits.p95_ratio_to_old is None:
        return []
    if min(new.total, old.total) < limits.minimum_to_compare_latency:
        return []
    # A ratio alone would judge noise where both are fast.
    if new.p95_ms > max(old.p95_ms * limits.p95_ratio_to_old, old.p95_ms + limits.p95_slack_ms):
        return [f"{said}, the old one's {old.p95_ms:.0f} ms (at most {limits.p95_ratio_to_old:g} times that)"]
    return []
