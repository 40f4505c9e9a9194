"""`mlops report`: opens or updates one issue for each cause of this workflow run's failure.

It reads no parameters, because a mistake in params.yaml can be the failure that it has to report.
"""

from dataclasses import dataclass
from typing import Any

from mlops.domain.release.failure_causes import FailedJob, Issue, IssueAction, IssueChange, causes, decide, marker
from mlops.domain.tags import FAILURE_TAG
from mlops.flow.outcome import Outcome
from mlops.github_api import GitHub
from mlops.render import fenced

LABEL = FAILURE_TAG


@dataclass(frozen=True)
class ReportedIssue:
    """A cause of the failure, what was done about its issue, how often it was seen, and the issue's URL."""

    cause: str
    done: IssueAction
    seen: int
    url: str


@dataclass(frozen=True)
class RejectedApproval:
    """A decision of a person, and no failure: who refused the environments, and what was said to it."""

    environments: tuple[str, ...]
    by: str
    comment: str


@dataclass(frozen=True)
class ReportResult:
    """What failed in a run of a workflow, by cause, and what was not approved."""

    workflow: str
    run_url: str
    failed_jobs: int
    issues: tuple[ReportedIssue, ...]
    rejected: tuple[RejectedApproval, ...]


def run(github: GitHub, workflow: str, run_url: str) -> Outcome[ReportResult]:
    """Read what failed, find the issue of each cause by its hidden marker, and open, update or leave it."""
    failed = github.failed_jobs()
    rejected = tuple(_rejected(review) for review in github.rejections()) if failed else ()
    # A job whose approval was refused fails without having begun.
    jobs = [_job(github, job) for job in failed if job.get("steps") or not rejected]
    found = causes(workflow, jobs)
    known = [_issue(issue) for issue in github.issues(LABEL)] if found else []
    issues = tuple(_apply(github, change, run_url) for change in decide(found, known))
    return Outcome(ReportResult(workflow, run_url, len(jobs), issues, rejected))


def _rejected(review: dict[str, Any]) -> RejectedApproval:
    names = tuple(str(one.get("name") or "") for one in review.get("environments") or [])
    return RejectedApproval(names, str((review.get("user") or {}).get("login") or ""), str(review.get("comment") or ""))


def _job(github: GitHub, job: dict[str, Any]) -> FailedJob:
    failed = next((step["name"] for step in job.get("steps") or [] if step.get("conclusion") == "failure"), "")
    errors = [
        (str(note.get("title") or ""), str(note.get("message") or ""))
        for note in github.annotations(job)
        if note.get("annotation_level") == "failure"
    ]
    return FailedJob(str(job["name"]), str(failed), str(job.get("html_url") or ""), tuple(errors))


def _issue(found: dict[str, Any]) -> Issue:
    return Issue(
        int(found["number"]),
        str(found.get("body") or ""),
        found["state"] == "open",
        found.get("state_reason") == "not_planned",
        str(found.get("html_url") or ""),
    )


def _apply(github: GitHub, change: IssueChange, run_url: str) -> ReportedIssue:
    cause, issue = change.cause, change.issue
    body = _body(change, run_url)
    match change.act:
        case IssueAction.OPEN:
            url = github.open_issue(cause.heading, body, LABEL)
        case IssueAction.UPDATE | IssueAction.REOPEN:
            assert issue is not None, "only an issue that exists is changed"
            url = github.update_issue(issue.number, body, reopen=change.act is IssueAction.REOPEN)
        case IssueAction.LEAVE:
            assert issue is not None, "only an issue that exists is left"
            url = issue.url
    return ReportedIssue(cause.heading, change.act, change.seen, url)


def _body(change: IssueChange, run_url: str) -> str:
    """The issue's text. What was said in the run stands in a code block: nothing in it is markup or calls anybody."""
    cause = change.cause
    times = "once" if change.seen == 1 else f"{change.seen} times"
    parts = [
        marker(cause, change.seen),
        f"An unattended run of `{cause.workflow}` failed in {_plain(cause.job.name)}.",
        fenced("\n".join(part for part in (cause.title, cause.message) if part), "text"),
        f"Seen {times}, last in {cause.job.url or run_url}",
        "This text is renewed whenever the same happens again, without a notification. Close the issue when it is "
        "fixed: it is opened again if the cause comes back. Close it as not planned to hear no more of it.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _plain(name: str) -> str:
    return f"`{name.replace('`', ' ')}`"
