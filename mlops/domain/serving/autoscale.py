"""When Azure Monitor adds and takes away instances of a deployment, as params.yaml says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AutoscaleSpec:
    """Between `minimum` and `maximum` instances by the average of a metric over a window; `default` without numbers."""

    minimum: int
    maximum: int
    default: int
    metric: str
    scale_out_above: float
    scale_in_below: float
    window_minutes: int
    cooldown_minutes: int

    def __str__(self) -> str:
        rule = f"{self.metric} above {self.scale_out_above:g} or below {self.scale_in_below:g}"
        times = f"for {self.window_minutes} minutes, then a pause of {self.cooldown_minutes}"
        return f"{self.minimum} to {self.maximum} instances, {rule} {times}"
