"""Which promotions wait for a reviewer on GitHub."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mlops.domain.moments import parse_date
from mlops.errors import MlopsError
from mlops.github_api import GitHub

MOST = 5  # workflow runs that wait; each costs a request


@dataclass(frozen=True)
class Approval:
    """A workflow run that waits for a person, before which environment, and since when."""

    environment: str
    run: str
    title: str
    since: datetime | None


@dataclass(frozen=True)
class Approvals:
    """What waits on GitHub; `gap` says why that is not known."""

    waiting: tuple[Approval, ...] = ()
    gap: str = ""


def found(connect: Callable[[], GitHub]) -> Approvals:
    """Ask GitHub; a machine without a token only does not know."""
    try:
        github = connect()
        runs = github.waiting_runs(MOST)
        return Approvals(tuple(one for run in runs for one in _of(github, run)))
    except MlopsError as error:
        first = error.problems[0]
        return Approvals(gap=f"{first.what}{f': {first.why}' if first.why else ''}")


def _of(github: GitHub, run: dict[str, object]) -> list[Approval]:
    since, title, address = (str(run.get(key) or "") for key in ("updated_at", "display_title", "html_url"))
    names = [str((one.get("environment") or {}).get("name") or "") for one in github.pending_deployments(run["id"])]
    return [Approval(name, address, title, parse_date(since)) for name in names if name]
