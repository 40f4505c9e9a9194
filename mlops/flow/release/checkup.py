"""What a check of `mlops doctor` is and what comes of it: every check is looked at, whatever the others found.

One that rests on another is not looked at where that one is a problem: it could only fail for the same reason.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mlops.domain.release.access import Road
from mlops.errors import MlopsError, Problem
from mlops.flow.outcome import Outcome

MOST_TOLD = 3  # problems of one check; the failure below the table holds all


class CheckArea(StrEnum):
    """Where what is checked stands."""

    MACHINE = "this machine"
    GITHUB = "GitHub"
    AZURE = "Azure"


class CheckStatus(StrEnum):
    """What came of a check."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class DoctorCheck:
    """One check, what it found, and what fixes that: a command where there is one; empty where nothing is wrong."""

    area: CheckArea
    name: str
    health: CheckStatus
    finding: str
    fix: str


@dataclass(frozen=True)
class DoctorResult:
    """Every check, in the order in which one rests on the other."""

    checks: tuple[DoctorCheck, ...]


class Warned(Exception):
    """Something works, but not as it should, or not for long."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class NotLookedAt(Exception):
    """A check that cannot be looked at; why."""


@dataclass(frozen=True)
class DoctorLook:
    """A check: it gives its finding, or raises what is wrong. `rests_on` names another check.

    `fix` is what fixes it where what is raised does not say.
    """

    area: CheckArea
    name: str
    see: Callable[[], str]
    rests_on: str = ""
    roads: tuple[Road, ...] = tuple(Road)
    fix: str = ""


def outcome(looks: Iterable[DoctorLook], roads: Sequence[Road] = ()) -> Outcome[DoctorResult]:
    """Look at each that one of the roads needs, of all where none is named; fails as the first problem does."""
    found: dict[str, DoctorCheck] = {}
    problems: list[Problem] = []
    kinds: list[type[MlopsError]] = []
    for look in looks:
        if roads and not set(roads) & set(look.roads):
            continue
        error = _look(look, found)
        if error is not None:
            kinds.append(type(error))
            problems += [problem for problem in error.problems if problem not in problems]
    return Outcome(DoctorResult(tuple(found.values())), kinds[0](problems) if kinds else None)


def _look(look: DoctorLook, found: dict[str, DoctorCheck]) -> MlopsError | None:
    """Look at one, and keep what it found; the failure, where it is a problem."""

    def keep(health: CheckStatus, finding: str, fix: str = "") -> None:
        found[look.name] = DoctorCheck(look.area, look.name, health, finding, fix)

    before = found.get(look.rests_on)
    if before is not None and before.health in (CheckStatus.PROBLEM, CheckStatus.NOT_CHECKED):
        keep(CheckStatus.NOT_CHECKED, f"first: {look.rests_on}")
        return None
    try:
        keep(CheckStatus.OK, look.see())
    except Warned as warned:
        keep(CheckStatus.WARNING, _said(warned.problem), warned.problem.fix)
    except NotLookedAt as unknown:
        keep(CheckStatus.NOT_CHECKED, str(unknown))
    except MlopsError as error:
        keep(CheckStatus.PROBLEM, _all_said(error.problems), _fixes(error.problems) or look.fix)
        return error
    return None


def _said(problem: Problem) -> str:
    place = f"{problem.place()}: " if problem.line is not None else ""
    return f"{place}{problem.what}{f': {problem.why}' if problem.why else ''}"


def _all_said(problems: Sequence[Problem]) -> str:
    more = [f"and {len(problems) - MOST_TOLD} more"] if len(problems) > MOST_TOLD else []
    return "; ".join([*(_said(problem) for problem in problems[:MOST_TOLD]), *more])


def _fixes(problems: Sequence[Problem]) -> str:
    return "; ".join(dict.fromkeys(problem.fix for problem in problems[:MOST_TOLD] if problem.fix))
