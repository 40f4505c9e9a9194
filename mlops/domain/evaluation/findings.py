"""What the gate is asked and what it finds: rules, findings, the verdict, and all three as JSON."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Literal

from mlops.domain.evaluation.metric_table import direction
from mlops.domain.evaluation.paired import Judgement, Paired
from mlops.domain.numbers import to_plain


class Ruling(StrEnum):
    """What the gate says of a model; the value of its tag and of the step's output."""

    ACCEPT = "pass"
    REFUSE = "refuse"


Kind = Literal["max", "min", "max_regression", "min_improvement", "not_worse_than", "better_than", "missing", "misfit"]
Against = Literal["champion", "base"]
WHOSE: dict[str, str] = {"champion": "the champion's", "base": "the base model's"}


@dataclass(frozen=True)
class Rule:
    """Conditions on one metric. `max` and `min` are absolute; `max_regression` and `min_improvement` compare values.

    `relative` reads these two as a share of the champion's value. `not_worse_than` and `better_than` compare answers to
    the same conversations; `margin` is the loss that the first allows. `better` None: as the table of metrics says,
    else lower. An advisory rule (`required` false) is reported and never refuses.
    """

    metric: str
    max: float | None = None
    min: float | None = None
    max_regression: float | None = None
    min_improvement: float | None = None
    not_worse_than: Against | None = None
    better_than: Against | None = None
    margin: float = 0.0
    relative: bool = False
    better: Literal["lower", "higher"] | None = None
    required: bool = True

    def __post_init__(self) -> None:
        limits = (self.max, self.min, self.max_regression, self.min_improvement)
        given = [*(limit for limit in limits if limit is not None), *([self.margin] if self.paired else [])]
        if not given or not all(math.isfinite(limit) for limit in given):
            raise ValueError(f"the rule for {self.metric} needs at least one finite threshold")
        if self.not_worse_than and self.margin <= 0:
            raise ValueError(f"the rule for {self.metric} needs a margin: no number of answers shows a loss of nothing")

    @property
    def paired(self) -> bool:
        """Whether it compares answers to the same conversations."""
        return self.not_worse_than is not None or self.better_than is not None

    @property
    def direction(self) -> Literal["lower", "higher"]:
        """Which direction is better."""
        return self.better or direction(self.metric) or "lower"


@dataclass(frozen=True)
class Finding:
    """One condition, judged. `margin` is in the metric's unit: how far inside the limit, negative when outside.

    `champion` is the value of what it is compared with, which `against` names.
    """

    metric: str
    kind: Kind
    candidate: float | None
    champion: float | None
    threshold: float | None
    margin: float | None
    passed: bool
    required: bool
    sentence: str
    relative: bool = False
    against: Against = "champion"
    outcome: Judgement | None = None
    paired: Paired | None = None

    @property
    def word(self) -> str:
        """`pass`, `refuse`, `not enough evidence`, or `advisory` for what fails and never refuses."""
        if self.passed:
            return "pass"
        return (self.outcome or Judgement.REFUSE).value if self.required else "advisory"

    @property
    def label(self) -> str:
        """The key in params.yaml with what it compares with; `any` where no condition could be judged."""
        if self.kind in ("missing", "misfit"):
            return "any"
        return (
            f"{self.kind} {self.against}"
            if self.paired or self.kind in ("not_worse_than", "better_than")
            else self.kind
        )


@dataclass(frozen=True)
class Verdict:
    """Every finding, in the order of the rules. What passes is computed from them and cannot be set."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether some required condition was judged and all of them hold."""
        required = [finding.passed for finding in self.findings if finding.required]
        return bool(required) and all(required)

    @property
    def ruling(self) -> Ruling:
        """The same as a word."""
        return Ruling.ACCEPT if self.passed else Ruling.REFUSE

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The required findings that did not pass."""
        return tuple(finding for finding in self.findings if finding.required and not finding.passed)

    def summary(self) -> str:
        """The verdict in one line: the sentences that refuse, or that all required rules pass."""
        if self.passed:
            return "all required rules pass"
        return "; ".join(finding.sentence for finding in self.refusals) or "no required rule was judged"


def plain(value: Any) -> Any:
    """JSON-ready data at any depth; a number that is not finite becomes a word, because JSON has none."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.value if isinstance(value, Enum) else to_plain(value)
