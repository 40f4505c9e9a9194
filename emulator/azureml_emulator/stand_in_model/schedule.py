"""The learning rate's course: the six schedules of `lr_scheduler_type`, as transformers defines them.

It must not know optimisers. Source: transformers/optimization.py, `get_*_schedule*`.
"""

import math
from collections.abc import Callable

POLYNOMIAL_END = 1e-7
Shape = Callable[[int, int, float], float]


def learning_rate(kind: str, step: int, total: int, warmup: int, peak: float) -> float:
    """Return the rate of update number `step` (the first is 0) of `total`. Raises KeyError for an unknown kind."""
    shape = SCHEDULES[kind]
    if kind != "constant" and step < warmup:
        return peak * step / max(1, warmup)
    return peak * shape(max(0, step - warmup), max(1, total - warmup), peak)


def _linear(step: int, span: int, peak: float) -> float:
    return max(0.0, 1 - step / span)


def _cosine(step: int, span: int, peak: float) -> float:
    return max(0.0, 0.5 * (1 + math.cos(math.pi * step / span)))


def _cosine_with_restarts(step: int, span: int, peak: float) -> float:
    # One cycle is transformers' default, and the component passes no other number.
    return 0.0 if step >= span else 0.5 * (1 + math.cos(math.pi * (step / span % 1.0)))


def _polynomial(step: int, span: int, peak: float) -> float:
    if peak <= 0 or step > span:
        return POLYNOMIAL_END / peak if peak > 0 else 0.0
    return ((peak - POLYNOMIAL_END) * (1 - step / span) + POLYNOMIAL_END) / peak


def _constant(step: int, span: int, peak: float) -> float:
    return 1.0


SCHEDULES: dict[str, Shape] = {
    "linear": _linear,
    "cosine": _cosine,
    "cosine_with_restarts": _cosine_with_restarts,
    "polynomial": _polynomial,
    "constant": _constant,
    "constant_with_warmup": _constant,
}
