"""What `params.yaml` may say about when a model passes. It must not read a file."""

from typing import Literal, Self

from mlops.params.block import Block, Seed, WholeSeconds, key, together


class GateRule(Block):
    """One condition of the gate on one metric."""

    metric: str = key(description="Name of the metric, `perplexity`, or `probes.` and a category")
    max: float | None = key(None, description="Refuse above this value")
    min: float | None = key(None, description="Refuse below this value")
    max_regression: float | None = key(None, ge=0, description="Largest loss against the champion's value")
    min_improvement: float | None = key(None, description="Smallest gain over the champion's value")
    not_worse_than: Literal["champion", "base"] | None = key(
        None, description="Pass only where a loss of more than `margin` is ruled out, answer by answer"
    )
    better_than: Literal["champion", "base"] | None = key(
        None, description="Pass only where a gain is shown, answer by answer"
    )
    margin: float = key(0.0, ge=0, description="The loss that not_worse_than allows, in the metric's unit")
    relative: bool = key(False, description="Regression and improvement as a share of the champion's value")
    better: Literal["lower", "higher"] | None = key(
        None, description="Which direction is better; null for that of a known metric, else lower"
    )
    required: bool = key(True, description="Whether failing refuses; an advisory rule is only shown")

    @together
    def _says_something(self) -> Self:
        limits = (self.max, self.min, self.max_regression, self.min_improvement, self.not_worse_than, self.better_than)
        if all(limit is None for limit in limits):
            raise ValueError(
                "a rule needs at least one of max, min, max_regression, min_improvement, not_worse_than, better_than"
            )
        if self.not_worse_than and not self.margin:
            raise ValueError("not_worse_than needs a margin above 0: no number of answers shows a loss of nothing")
        if self.margin and not self.not_worse_than:
            raise ValueError("margin belongs to not_worse_than, which is not given")
        return self


class Gate(Block):
    """When a trained model may be registered."""

    wait_for_metrics_seconds: WholeSeconds = key(
        120, description="How long to wait for metrics that lag behind the run"
    )
    seed: Seed = key(0, description="Seed of the bootstrap; the same seed and answers give the same verdict")
    rules: tuple[GateRule, ...] = key(min_length=1, description="All required rules must pass")

    @together
    def _decides_something(self) -> Self:
        if not any(rule.required for rule in self.rules):
            raise ValueError("no rule is required, so the gate would let everything pass")
        return self
