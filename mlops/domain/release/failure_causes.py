"""Why unattended workflow runs failed, one issue for each cause: which issue is opened, updated, opened again or left.

Pure: jobs, annotations and issues in, changes out. It must not call GitHub.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_CAUSES = 5  # of one run; what else failed is in the run itself
TITLE_LIMIT = 200  # GitHub takes 256 characters
# The runner's own words for a failed step; they say nothing about why.
_RUNNERS = re.compile(r"Process completed with exit code \d+|The operation was canceled")
# What differs each time although the cause is the same: ids, times, addresses, counts.
_VARIABLE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?"
    r"|https?://\S+|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\d+",
    re.IGNORECASE,
)
_MARKER = re.compile(r"<!-- mlops-cause:(?P<cause>[0-9a-f]{16}) seen:(?P<seen>\d+) -->")


@dataclass(frozen=True)
class FailedJob:
    """A job that failed: the name of its first failed step, and (title, message) of each error annotation."""

    name: str
    step: str
    url: str
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FailureCause:
    """One reason: where it showed, in which words."""

    workflow: str
    job: FailedJob
    title: str
    message: str

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, the same whenever the same goes wrong in the same place of the same workflow."""
        said = _VARIABLE.sub("#", f"{self.title}\n{self.message}").casefold()
        return hashlib.sha256(f"{self.workflow}\n{self.job.name}\n{said}".encode()).hexdigest()[:16]

    @property
    def heading(self) -> str:
        """The issue's title, one line."""
        said = " ".join(f"{self.title}: {self.message.splitlines()[0] if self.message else ''}".split()).strip(": ")
        whole = f"{self.workflow}: {said}"
        return whole if len(whole) <= TITLE_LIMIT else whole[: TITLE_LIMIT - 1] + "…"


@dataclass(frozen=True)
class Issue:
    """An issue as GitHub lists it."""

    number: int
    body: str
    open: bool
    muted: bool = False  # closed as "not planned": somebody knows and does not want to hear of it
    url: str = ""


class IssueAction(StrEnum):
    """What is done about a cause."""

    OPEN = "open"
    UPDATE = "update"
    REOPEN = "reopen"
    LEAVE = "leave"


@dataclass(frozen=True)
class IssueChange:
    """What is done about one cause, on which issue, and how often it was seen by now."""

    cause: FailureCause
    act: IssueAction
    issue: Issue | None
    seen: int


def causes(workflow: str, jobs: Iterable[FailedJob]) -> list[FailureCause]:
    """Each different cause of a run once, at most `MOST_CAUSES`; a job that says nothing is a cause by its step."""
    found: dict[str, FailureCause] = {}
    for job in jobs:
        said = [(title, message) for title, message in job.errors if not _RUNNERS.match(message)]
        for title, message in said or [("failed without a word", f"{job.name}, step {job.step or 'unknown'}")]:
            cause = FailureCause(workflow, job, title, message)
            found.setdefault(cause.fingerprint, cause)
    return list(found.values())[:MOST_CAUSES]


def decide(found: Iterable[FailureCause], issues: Sequence[Issue]) -> list[IssueChange]:
    """One change a cause. Of several issues with its marker an open one counts, else the newest."""
    return [_change(cause, issues) for cause in found]


def marker(cause: FailureCause, seen: int) -> str:
    """The hidden line by which the issue of a cause is found again."""
    return f"<!-- mlops-cause:{cause.fingerprint} seen:{seen} -->"


def _change(cause: FailureCause, issues: Sequence[Issue]) -> IssueChange:
    known = [
        (issue, mark) for issue in issues if (mark := _MARKER.search(issue.body)) and mark["cause"] == cause.fingerprint
    ]
    if not known:
        return IssueChange(cause, IssueAction.OPEN, None, 1)
    issue, mark = max(known, key=lambda item: (item[0].open, item[0].number))
    seen = int(mark["seen"]) + 1
    if issue.open:
        return IssueChange(cause, IssueAction.UPDATE, issue, seen)
    return IssueChange(cause, IssueAction.LEAVE if issue.muted else IssueAction.REOPEN, issue, seen)
