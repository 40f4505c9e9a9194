"""`mlops report comment`: puts what a check reported into the one comment of its pull request.

It runs nothing of the pull request. What the check's job left is only read, within bounds, and told by
`change_comment`; which pull request it is, is asked of GitHub and never of the report.
"""

import io
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mlops.domain.release.change_report import ARTIFACT, FILE, LARGEST, ChangeReport, read
from mlops.flow.outcome import Outcome
from mlops.flow.release import published
from mlops.flow.release.change_comment import MARKER, MOST_REPORTS, text
from mlops.github_api import GitHub


class CommentAction(StrEnum):
    """What became of the comment."""

    MADE = "made"
    UPDATED = "updated"
    KEPT = "kept"  # it says the same already
    NONE = "none"


@dataclass(frozen=True)
class CommentResult:
    """The pull request, what was done, and the comment's address; null where there is none, and `why`."""

    pull_request: int | None
    done: CommentAction
    url: str | None
    why: str


def run(github: GitHub, run: int, *, site: str = "") -> Outcome[CommentResult]:
    """Of the workflow run with that number; `site` is the address of this project's published site."""
    found = github.workflow_run(run)
    if found.get("event") != "pull_request":
        return Outcome(CommentResult(None, CommentAction.NONE, None, "the run is of no pull request"))
    sha = str(found.get("head_sha") or "")
    number = _pull_request(github, found, sha)
    if number is None:
        why = f"no open pull request has {sha[:8]} as its newest commit"
        return Outcome(CommentResult(None, CommentAction.NONE, None, why))
    reports = _reports(github, run)
    if not reports:
        why = "its check left no report that can be read"
        return Outcome(CommentResult(number, CommentAction.NONE, None, why))
    body = text(reports, sha, str(found.get("html_url") or ""), published.estimate(site))
    return Outcome(_put(github, number, body))


def _pull_request(github: GitHub, run: dict[str, Any], sha: str) -> int | None:
    """By the branch that the run was of: GitHub names no pull request in a run of a fork."""
    owner = ((run.get("head_repository") or {}).get("owner") or {}).get("login")
    branch = run.get("head_branch")
    if not owner or not branch:  # the fork is gone
        return None
    known = github.pull_requests(f"{owner}:{branch}")
    return next((int(one["number"]) for one in known if (one.get("head") or {}).get("sha") == sha), None)


def _reports(github: GitHub, run: int) -> list[ChangeReport]:
    named = [
        one
        for one in github.artifacts(run)
        if (name := str(one.get("name"))) == ARTIFACT or name.startswith(f"{ARTIFACT}-")
    ]
    chosen = sorted(named, key=lambda one: str(one["name"]))[:MOST_REPORTS]
    found = (_report(github.artifact(int(one["id"]), LARGEST)) for one in chosen)
    return [one for one in found if one]


def _report(packed: bytes | None) -> ChangeReport | None:
    """The one file that is asked for; whatever else is packed beside it is not looked at, and nothing is unpacked."""
    if packed is None:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open(FILE) as file:
            return read(file.read(LARGEST + 1))
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        return None


def _put(github: GitHub, number: int, body: str) -> CommentResult:
    """Only a bot's comment is taken for ours: a person could quote the marker."""
    mine = next(
        (
            one
            for one in github.comments(number)
            if str(one.get("body") or "").startswith(MARKER) and (one.get("user") or {}).get("type") == "Bot"
        ),
        None,
    )
    if mine is None:
        return CommentResult(number, CommentAction.MADE, github.comment(number, body), "there was none yet")
    address = str(mine.get("html_url") or "")
    if str(mine["body"]).strip() == body.strip():
        return CommentResult(number, CommentAction.KEPT, address, "it says the same already")
    return CommentResult(number, CommentAction.UPDATED, github.update_comment(int(mine["id"]), body), "it was older")
