"""What `mlops doctor` looks at without any cloud: Python, packages, parameters, data, workflows and their pins."""

import platform
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata

from mlops import history, product, textfiles
from mlops.domain.release import budget
from mlops.domain.repository.pin import PATHS, Pin, pins
from mlops.domain.training.costs import MachineCost
from mlops.errors import BadInput, CapRefused, MlopsError, Problem
from mlops.flow.release import check
from mlops.flow.release.checkup import CheckArea, DoctorLook, Warned
from mlops.flow.release.doctor_seen import Seen
from mlops.flow.training import hourly, known_prices
from mlops.flow.training.known_prices import KnownPrices

PYTHON = (3, 11)
LOCK = "requirements/run.txt"
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)(?P<marker>\s*;)?", re.MULTILINE)
VERSION = re.compile(r"^Version:(.+)$", re.MULTILINE)
_LOOK = partial(DoctorLook, CheckArea.MACHINE)


def looks(seen: Seen) -> Iterator[DoctorLook]:
    """The checks of this machine."""
    yield _LOOK("Python", _python)
    yield _LOOK("packages", _packages)
    warnings: list[str] = []
    for name, see in check.looks(seen.project, warnings):
        yield _LOOK(name, partial(_with_warnings, see, warnings))
    yield _LOOK("budget", partial(_budget, seen))
    yield _LOOK("pins of the workflows", partial(_pins, seen))


def _python() -> str:
    version = platform.python_version()
    if tuple(int(part) for part in version.split(".")[:2]) < PYTHON:
        wanted = ".".join(map(str, PYTHON))
        raise BadInput(
            Problem(f"Python is {version}; mlops needs {wanted}", "this machine", fix=f"uv python install {wanted}")
        )
    return version


def _packages() -> str:
    """Whether what is installed is what the lock pins; a wheel carries no lock, so its own needs are asked."""
    lock = product.ROOT / LOCK
    if not lock.is_file():
        return f"azure-ai-ml {metadata.version('azure-ai-ml')}, as pip resolved it: this installation has no lock"
    pinned = {
        found["name"]: found["version"] for found in _PINNED.finditer(textfiles.read(lock)) if not found["marker"]
    }
    other = [
        f"{name} {has or 'missing'} instead of {wanted}"
        for name, wanted in pinned.items()
        if (has := _installed(name)) != wanted
    ]
    if other:
        what = f"{len(other)} of {len(pinned)} packages are not as {LOCK} pins them: {', '.join(other[:3])}"
        raise Warned(Problem(what, LOCK, fix="make setup"))
    return f"{len(pinned)} are as {LOCK} pins them"


def _installed(name: str) -> str:
    """The version, of its line alone: to read all that a package says of itself takes ten times as long."""
    try:
        said = metadata.distribution(name).read_text("METADATA") or ""
    except metadata.PackageNotFoundError:
        return ""
    found = VERSION.search(said)
    return found[1].strip() if found else ""


def _with_warnings(see: Callable[[], str], warnings: list[str]) -> str:
    """The finding; a warning where the check said something else, too."""
    warnings.clear()
    found = see()
    if warnings:
        more = f"; and {len(warnings) - 1} more" if len(warnings) > 1 else ""
        raise Warned(Problem(warnings[0].partition("\n")[0] + more, "the project", fix="mlops check shows them all"))
    return found


def _budget(seen: Seen) -> str:
    params = seen.project.params
    limited = params.budget.month is not None or params.budget.training is not None
    machines = _machines(seen) if limited else ()
    if problem := budget.serving(params.budget.month, machines, str(seen.project.params_path)):
        raise CapRefused(problem)
    unpriced = sorted({one.size for one in machines if one.a_month is None})
    if unpriced:
        what = f"no price of {', '.join(unpriced)}, so a budget cannot be kept"
        raise Warned(Problem(what, str(seen.project.params_path), fix="give its price at prices.instance_hour"))
    return "within budget" if limited else "none is set: budget.training and budget.month of params.yaml"


def _machines(seen: Seen) -> tuple[MachineCost, ...]:
    """By the prices of params.yaml, and where those lack by others' in the workspace's region, if that can be read."""
    params = seen.project.params
    try:
        place = lambda name: seen.workspace if name is None else seen.place(name)  # noqa: E731
        return known_prices.machines(params, place, KnownPrices(params, ask=True))
    except MlopsError:
        return hourly.by_the_hour(params)


def _pins(seen: Seen) -> str:
    """A team's workflows call ours at a commit: all at the same, and at that of the program that runs here."""
    top = history.top(seen.project.root)
    files = sorted((top / ".github" / "workflows").glob("*.y*ml"))
    found = {pin for path in files for pin in pins(textfiles.read(path), PATHS)}
    if not found:
        return "the workflows are this repository's own"
    commits = sorted({str(pin) for pin in found})
    if len(commits) > 1:
        fix = f"mlops upgrade --to {commits[-1]}"
        raise BadInput(Problem(f"the workflows call {len(commits)} different commits of mlops", str(top), fix=fix))
    return _compared(found.pop(), product.pin())


def _compared(called: Pin, here: Pin | None) -> str:
    if not re.fullmatch("[0-9a-f]{40}", called.commit):
        why = "whoever moves that name changes what runs with your identities"
        what = f"the workflows call mlops at {called.commit}, which is no commit"
        raise BadInput(
            Problem(
                what, ".github/workflows", why=why, fix=f"mlops upgrade --to {here or called.repository + '@COMMIT'}"
            )
        )
    if here and here.commit != called.commit:
        what = f"the workflows call {str(called)[:60]}, and this machine has {here.commit[:12]} ({here.version})"
        raise Warned(Problem(what, ".github/workflows", fix=f"mlops upgrade --to {here}"))
    return f"all call {called}"
