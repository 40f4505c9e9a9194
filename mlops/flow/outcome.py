"""What a verb ends with: a typed result, and the failure if it ends in one. `mlops.views` renders the result."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from mlops.errors import MlopsError

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True)
class Outcome(Generic[R_co]):
    """The result is a frozen dataclass of numbers, booleans, times, names and such dataclasses: the shape of `--json`.

    A failure beside it is one that was found by looking (a run that failed, a refused model); the result is shown too.
    """

    result: R_co
    failure: MlopsError | None = None


@dataclass(frozen=True)
class Skipped:
    """Something was not done, and why, for people."""

    reason: str
