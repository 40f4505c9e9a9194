"""Which workflows that start by themselves are turned off on GitHub, as in a new fork or after 60 idle days."""

from collections.abc import Callable
from dataclasses import dataclass

from mlops.errors import MlopsError
from mlops.github_api import GitHub

UNATTENDED = ("train", "resume", "cleanup")
POLL = "poll"  # off while nothing is open: `train` turns it on
ACTIVE, MISSING = "active", "missing"


@dataclass(frozen=True)
class WorkflowOff:
    """A workflow that starts by nothing but a hand, and its state in GitHub's words, or `missing`."""

    name: str
    state: str

    @property
    def fix(self) -> str:
        """What turns it on."""
        if self.state == MISSING:
            return f"push .github/workflows/{self.name}.yml to the default branch"
        return f"gh workflow enable {self.name}.yml"


@dataclass(frozen=True)
class Schedules:
    """What is off although it is needed; `gap` says why that is not known."""

    off: tuple[WorkflowOff, ...] = ()
    gap: str = ""


def states(github: GitHub) -> dict[str, str]:
    """Name -> state of every workflow of the repository."""
    return {str(one["path"]).rpartition("/")[2].partition(".")[0]: str(one["state"]) for one in github.workflows()}


def found(connect: Callable[[], GitHub], *, run_under_way: bool) -> Schedules:
    """Ask GitHub; a machine without a token only does not know. While a run is under way, `poll` is needed too."""
    needed = (*UNATTENDED, POLL) if run_under_way else UNATTENDED
    try:
        known = states(connect())
    except MlopsError as error:
        first = error.problems[0]
        return Schedules(gap=f"{first.what}{f': {first.why}' if first.why else ''}")
    each = (WorkflowOff(name, known.get(name, MISSING)) for name in needed)
    return Schedules(tuple(one for one in each if one.state != ACTIVE))
