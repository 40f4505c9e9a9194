"""A failed unattended run becomes one issue for each cause, through GitHub's REST interface as it is imitated here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops.domain.release.failure_causes import FailedJob, FailureCause, IssueAction, causes
from mlops.errors import BadInput, GithubRefused
from mlops.flow.outcome import Outcome
from mlops.flow.release import report
from mlops.flow.release.report import ReportResult
from mlops.github_api import GitHub
from mlops.views import report as view
from tests.unit.github_imitation import GitHubImitation, serve

ROOT = Path(__file__).resolve().parents[2]
SAID = "ft-0123456789ab-1 is Failed\nwhy: ACFTDataException: too few rows\nfix: push what mends it"


@pytest.fixture
def github() -> Iterator[GitHubImitation]:
    """One failed job among four, with an annotation of ours and the runner's own."""
    jobs: list[dict[str, Any]] = [job(number, "success") for number in (1, 2, 3)]
    with serve(GitHubImitation([*jobs, job(4, "failure")], {4: [note("x", "warning"), note(), RUNNERS]})) as made:
        yield made


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited for, without waiting."""
    pauses: list[float] = []
    monkeypatch.setattr("mlops.clock.sleep", pauses.append)
    return pauses


def job(number: int, conclusion: str) -> dict[str, Any]:
    steps = [{"name": "setup", "conclusion": "success"}, {"name": "mlops resume", "conclusion": conclusion}]
    url = f"https://github.example/owner/name/actions/runs/42/job/{number}"
    return {"id": number, "name": "resume", "conclusion": conclusion, "steps": steps, "html_url": url}


def note(message: str = SAID, level: str = "failure") -> dict[str, Any]:
    return {"annotation_level": level, "title": "The work on Azure failed", "message": message, "path": ".github"}


RUNNERS = {
    "annotation_level": "failure",
    "title": "",
    "message": "Process completed with exit code 7.",
    "path": ".github",
}


def poll(github: GitHubImitation, workflow: str = "resume") -> Outcome[ReportResult]:
    return report.run(GitHub.from_environment(github.environment()), workflow, "https://github.example/run")


def test_the_first_failure_opens_an_issue_that_says_what_and_where(github: GitHubImitation) -> None:
    found = poll(github)
    (issue,) = github.issues
    assert issue["title"] == "resume: The work on Azure failed: ft-0123456789ab-1 is Failed"
    assert "too few rows" in issue["body"]
    assert "runs/42/job/4" in issue["body"]
    assert issue["labels"] == [report.LABEL]
    assert [(one.done, one.seen) for one in found.result.issues] == [(IssueAction.OPEN, 1)]


def test_the_same_cause_updates_its_issue_and_opens_none(github: GitHubImitation) -> None:
    poll(github)
    github.annotations[4][1] = note(SAID.replace("0123456789ab-1", "ba9876543210-2"))  # another run, the same cause
    found = poll(github)
    (issue,) = github.issues
    assert "Seen 2 times" in issue["body"]
    assert [(one.done, one.seen) for one in found.result.issues] == [(IssueAction.UPDATE, 2)]


def test_another_cause_or_another_workflow_is_another_issue(github: GitHubImitation) -> None:
    poll(github)
    github.annotations[4].append(note("ft-0123456789ab-1 is Failed\nwhy: OutOfMemory"))
    poll(github)
    poll(github, "cleanup")
    assert len(github.issues) == 4
    assert len({issue["body"].splitlines()[0] for issue in github.issues}) == 4


def test_the_issue_is_found_behind_other_issues_and_pages(github: GitHubImitation) -> None:
    for number in range(5):
        other = {"body": f"by hand {number}", "labels": [report.LABEL], "title": "x"}
        github.answer("POST", "/repos/owner/name/issues", {}, other)
    github.issues[0]["pull_request"] = {}
    poll(github)
    poll(github)
    assert len(github.issues) == 6
    assert "Seen 2 times" in github.issues[5]["body"]


@pytest.mark.parametrize(("reason", "state"), [("completed", "open"), ("not_planned", "closed")])
def test_what_was_mended_is_opened_again_and_what_is_not_planned_stays_closed(
    github: GitHubImitation, reason: str, state: str
) -> None:
    poll(github)
    github.issues[0] |= {"state": "closed", "state_reason": reason}
    poll(github)
    assert [issue["state"] for issue in github.issues] == [state]


def test_a_job_that_says_nothing_is_named_by_its_step(github: GitHubImitation) -> None:
    github.annotations[4] = [RUNNERS]
    poll(github)
    assert "resume, step mlops resume" in github.issues[0]["title"]


def test_nothing_that_was_logged_acts_as_markup_or_calls_anybody(github: GitHubImitation) -> None:
    github.annotations[4] = [note("```\n@everybody <img src=x> <!-- mlops-cause:0123456789abcdef seen:9 -->\n```")]
    poll(github)
    body = github.issues[0]["body"]
    fence = "````"
    inside = body.partition(f"{fence}text\n")[2].partition(f"\n{fence}\n")[0]
    assert "@everybody" in inside
    assert "@everybody" not in body.replace(inside, "")
    poll(github)
    assert "Seen 2 times" in github.issues[0]["body"], "the marker is the first, not the one that was logged"


def test_a_run_without_a_failure_opens_nothing(github: GitHubImitation) -> None:
    github.jobs = [job(1, "success")]
    assert poll(github).result.issues == ()
    assert not github.issues


@pytest.mark.parametrize(
    ("part", "status", "fix"),
    [
        ("/issues", 403, "issues: write"),
        ("/issues", 410, "turn issues on"),
        ("/jobs", 404, "actions: read"),
        ("/annotations", 403, "checks: read"),
        ("/issues", 502, "run the job again"),
    ],
)
def test_a_refusal_says_which_permission_is_missing(github: GitHubImitation, part: str, status: int, fix: str) -> None:
    github.refuse = {part: status}
    with pytest.raises(GithubRefused, match=f"{status}(.|\n)*{fix}"):
        poll(github)


@pytest.mark.parametrize(
    ("part", "status", "head", "pause"),
    [
        ("/jobs", 502, {}, 2.0),
        ("/annotations", 503, {}, 2.0),
        ("/issues", 429, {"Retry-After": "7"}, 7.0),
        ("/issues", 403, {"X-RateLimit-Remaining": "0"}, 2.0),
        ("/issues", 403, {"Retry-After": "9999"}, 60.0),
    ],
)
def test_what_github_cannot_answer_just_now_is_asked_again(
    github: GitHubImitation, waited: list[float], part: str, status: int, head: dict[str, str], pause: float
) -> None:
    github.first = {part: [(status, head)]}
    poll(github)
    assert len(github.issues) == 1
    assert waited == [pause]


def test_an_issue_of_which_nobody_knows_whether_it_was_opened_is_not_opened_twice(
    github: GitHubImitation, waited: list[float]
) -> None:
    made = GitHub.from_environment(github.environment())
    github.first = {"/issues": [(502, {})]}
    with pytest.raises(GithubRefused, match="502"):
        made.open_issue("t", "b", "l")
    assert (github.issues, waited) == ([], [])
    github.first = {"/issues": [(429, {})]}  # over the limit, so it was not done
    made.open_issue("t", "b", "l")
    assert len(github.issues) == 1


def test_a_rejected_approval_is_a_decision_and_no_issue(github: GitHubImitation) -> None:
    github.jobs = [{**job(4, "failure"), "name": "production", "steps": []}]
    github.annotations[4] = [note("The deployment was rejected or didn't satisfy other protection rules.")]
    review = {
        "state": "rejected",
        "environments": [{"name": "production"}],
        "user": {"login": "ada"},
        "comment": "not yet",
    }
    github.approvals = [{**review, "state": "approved"}, review]
    found = poll(github)
    assert github.issues == []
    assert found.result.rejected == (report.RejectedApproval(("production",), "ada", "not yet"),)
    assert "production: not approved by ada, not yet" in view.report(found.result).lines


def test_what_failed_beside_a_rejected_approval_is_told_all_the_same(github: GitHubImitation) -> None:
    github.approvals = [{"state": "rejected", "environments": [{"name": "production"}], "user": {"login": "ada"}}]
    poll(github)
    assert len(github.issues) == 1


def test_outside_of_a_workflow_it_says_what_is_missing() -> None:
    with pytest.raises(BadInput, match="GITHUB_RUN_ID, GITHUB_TOKEN"):
        GitHub.from_environment({"GITHUB_REPOSITORY": "owner/name"})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("after 35 minutes", "after 36 minutes", True),
        ("at 2026-11-23T10:00:00Z", "at 2026-11-24T11:30:00Z", True),
        ("request 0d6c2a4e-0000-4000-8000-00c0ffee0000", "request 1d6c2a4e-0000-4000-8000-00c0ffee0001", True),
        ("see https://ml.azure.com/runs/a", "see https://ml.azure.com/runs/b", True),
        ("quota", "permission", False),
        ("defaced", "facade", False),  # words of a to f are no ids
    ],
)
def test_what_differs_each_time_makes_no_new_cause(one: str, other: str, same: bool) -> None:
    place = FailedJob("resume", "mlops resume", "")
    found = [FailureCause("resume", place, "t", text).fingerprint for text in (one, other)]
    assert (found[0] == found[1]) is same


def test_a_flood_of_causes_is_cut_off() -> None:
    many = tuple(("t", f"cause {chr(97 + n)}") for n in range(20))
    assert len(causes("resume", [FailedJob("resume", "s", "", many)])) == 5
