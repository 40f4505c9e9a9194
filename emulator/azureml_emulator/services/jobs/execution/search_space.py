"""The search space of a sweep: read in both of its forms, and drawn from.

It must not run anything. A job states `{"lr": ["uniform", [0.1, 0.9]]}`, a step of a pipeline
`{"lr": {"type": "uniform", "min_value": 0.1, "max_value": 0.9}}`. Source: the parameter expressions of Azure ML's
sweep job schema. Bayesian sampling is drawn at random: it would choose better, not otherwise.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from azureml_emulator.services.jobs.execution.failure import JobFailed

_FIELDS = {
    "choice": ("values",),
    "randint": ("upper",),
    "uniform": ("min_value", "max_value"),
    "loguniform": ("min_value", "max_value"),
    "quniform": ("min_value", "max_value", "q"),
    "qloguniform": ("min_value", "max_value", "q"),
    "normal": ("mu", "sigma"),
    "lognormal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "qlognormal": ("mu", "sigma", "q"),
}
_DRAW: dict[str, Callable[..., Any]] = {
    "choice": lambda chance, values: chance.choice(list(values)),
    "randint": lambda chance, upper: chance.randrange(int(upper)),
    "uniform": lambda chance, low, high: chance.uniform(low, high),
    "loguniform": lambda chance, low, high: math.exp(chance.uniform(low, high)),
    "quniform": lambda chance, low, high, q: _rounded(chance.uniform(low, high), q),
    "qloguniform": lambda chance, low, high, q: _rounded(math.exp(chance.uniform(low, high)), q),
    "normal": lambda chance, mu, sigma: chance.gauss(mu, sigma),
    "lognormal": lambda chance, mu, sigma: math.exp(chance.gauss(mu, sigma)),
    "qnormal": lambda chance, mu, sigma, q: _rounded(chance.gauss(mu, sigma), q),
    "qlognormal": lambda chance, mu, sigma, q: _rounded(math.exp(chance.gauss(mu, sigma)), q),
}
Space = dict[str, tuple[str, list[Any]]]


def read(stated: Mapping[str, Any]) -> Space:
    """Name -> kind and arguments. Raises JobFailed for an expression that is none."""
    space: Space = {}
    for name, said in stated.items():
        kind, arguments = _parts(said)
        if kind not in _FIELDS or len(arguments) != len(_FIELDS[kind]):
            raise JobFailed("UserError", f"The search space of {name} is not valid: {said}.")
        space[name] = (kind, arguments)
    if not space:
        raise JobFailed("UserError", "A sweep needs a search space.")
    return space


def trials(space: Space, algorithm: str, seed: int) -> Iterator[dict[str, Any]]:
    """The values of one trial after the other: a grid ends, everything else does not. Raises JobFailed."""
    if algorithm != "grid":
        chance = random.Random(seed)
        while True:
            yield {name: _DRAW[kind](chance, *arguments) for name, (kind, arguments) in space.items()}
    if bad := [name for name, (kind, _) in space.items() if kind != "choice"]:
        raise JobFailed("UserError", f"Grid sampling takes choices only, which {', '.join(bad)} is not.")
    for row in itertools.product(*(arguments[0] for _, arguments in space.values())):
        yield dict(zip(space, row, strict=True))


def _parts(said: Any) -> tuple[str, list[Any]]:
    if isinstance(said, Mapping):
        kind = str(said.get("type"))
        return kind, [said[field] for field in _FIELDS.get(kind, ()) if field in said]
    if isinstance(said, list | tuple) and len(said) == 2 and isinstance(said[1], list):
        return str(said[0]), list(said[1])
    return "", []


def _rounded(value: float, q: float) -> float:
    return round(value / q) * q
