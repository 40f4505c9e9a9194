"""The comment of a pull request: whose it is, that there is one, and that nothing in a report acts in it."""

import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops import clock
from mlops.domain.release.change_report import (
    FILE,
    LARGEST,
    ChangedParameter,
    ChangeReport,
    ShownConversation,
    ShownEdit,
    read,
    written,
)
from mlops.flow.project import Project
from mlops.flow.release import change, comment, published
from mlops.flow.release.change_comment import LARGEST as LONGEST_COMMENT
from mlops.flow.release.change_comment import MARKER, text
from mlops.flow.release.comment import CommentAction, CommentResult
from mlops.github_api import GitHub
from mlops.params import load
from mlops.site.pages import pages
from tests import site_example
from tests.project import PARAMS_FILE
from tests.unit.github_imitation import RUN, GitHubImitation, serve
from tests.unit.test_views import GITHUB

SHA = "c0ffee00" * 5
REPORT = ChangeReport(
    1, "chat", "phi:1", True, 2, (ChangedParameter("training.parameters.seed", "1", "2"),), 0, 1, 0, 1, 40, (),
    (ShownConversation("data/a.jsonl line 3", "How high is it?"),), (),
    (ShownEdit("data/a.jsonl line 4", ("assistant: It is [-3-]{+4+} m.",)),), (), 12, ("an address in line 3",), 0,
)  # fmt: skip
RUN_OF_A_FORK = {
    "event": "pull_request", "head_sha": SHA, "head_branch": "topic", "html_url": "https://github.example/run/42",
    "head_repository": {"owner": {"login": "eve"}}, "pull_requests": [],
}  # fmt: skip
PULL = {"number": 5, "head": {"label": "eve:topic", "sha": SHA}}
HOSTILE = "@octocat #1 https://evil.example ![x](http://e) </details> ```\n# x\u202e\x1b[31m\n<script>"


def packed(content: bytes, name: str = FILE) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../" + name, b"beside it")
        archive.writestr(name, content)
    return made.getvalue()


@pytest.fixture
def github() -> Iterator[GitHubImitation]:
    """A pull request of a fork whose check left a report."""
    made = GitHubImitation(runs=[dict(RUN_OF_A_FORK)], pulls=[PULL], artifacts={"change": packed(written(REPORT))})
    with serve(made):
        yield made


def put(github: GitHubImitation) -> CommentResult:
    return comment.run(GitHub.from_environment(github.environment()), int(RUN)).result


def test_there_is_one_comment_which_is_updated_in_place(github: GitHubImitation) -> None:
    github.comments = [{"id": 0, "body": MARKER, "user": {"type": "User"}, "html_url": "a person's"}]
    assert put(github) == CommentResult(5, CommentAction.MADE, "u5", "there was none yet")
    assert put(github).done is CommentAction.KEPT
    github.artifacts["change"] = packed(written(replace(REPORT, added=7)))
    assert put(github).done is CommentAction.UPDATED
    assert len(github.comments) == 2
    assert github.comments[0]["body"] == MARKER
    body = github.comments[1]["body"]
    for expected in ("7 added", "training.parameters.seed: 2", "How high is it?", "[-3-]{+4+}", "an address in line 3"):
        assert expected in body


def test_the_estimate_is_that_of_the_published_site(github: GitHubImitation) -> None:
    body = dict(pages(site_example.example(1)))[published.FILE].encode()
    github.artifacts["site"] = body
    there = comment.run(GitHub.from_environment(github.environment()), int(RUN), site=f"{github.url}/store/1?")
    assert there.result.done is CommentAction.MADE
    assert "about 1.5 hours on the clock, 5.50 USD, by 3 completed runs" in github.comments[0]["body"]
    github.artifacts["site"] = b'{"hours": "<b>"}'
    assert comment.run(GitHub.from_environment(github.environment()), int(RUN), site="").result.done
    assert published.estimate(f"{github.url}/store/1?") is None


def test_each_project_of_a_repository_has_its_part(github: GitHubImitation) -> None:
    github.artifacts["change-models-b"] = packed(written(replace(REPORT, model="helpdesk")))
    github.artifacts["site"] = packed(written(replace(REPORT, model="another's artifact")))
    put(github)
    assert "model chat" in github.comments[0]["body"]
    assert "model helpdesk" in github.comments[0]["body"]
    assert "another" not in github.comments[0]["body"]


@pytest.mark.parametrize(
    ("run", "pulls"),
    [
        ({"event": "push"}, [PULL]),
        ({"head_repository": None}, [PULL]),  # the fork is gone
        ({"head_sha": "older"}, [PULL]),  # a newer commit was pushed meanwhile
        ({}, []),
    ],
)
def test_only_the_pull_request_of_that_commit_is_written_to(
    github: GitHubImitation, run: dict[str, Any], pulls: list[dict[str, Any]]
) -> None:
    github.runs, github.pulls = [{**RUN_OF_A_FORK, **run}], pulls
    assert put(github).done is CommentAction.NONE
    assert not github.comments


PLAIN = json.loads(written(REPORT))


def test_a_store_that_is_busy_is_asked_again(github: GitHubImitation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    github.first = {"/zip": [(503, {}), (429, {"Retry-After": "1"})], "/store/": [(500, {})]}
    put(github)
    assert len(github.comments) == 1
    assert [*github.first.values()] == [[], []]


@pytest.mark.parametrize(
    "artifact",
    [
        b"no archive",
        packed(b"{}"),
        packed(b"[" * 100_000),
        packed(written(REPORT), "other.json"),
        packed(b" " * (LARGEST + 1) + written(REPORT)),
        packed(json.dumps({**PLAIN, "added": "<b>1</b>"}).encode()),
        packed(json.dumps({**PLAIN, "added": 1e300}).encode()),
        packed(json.dumps({**PLAIN, "findings": ["x"] * 1000}).encode()),
        packed(json.dumps({**PLAIN, "model": "x" * 100_000}).encode()),
        b"x" * (LARGEST + 1),
    ],
    ids=range(10),
)
def test_what_is_no_report_is_not_shown(github: GitHubImitation, artifact: bytes) -> None:
    github.artifacts = {"change": artifact}
    assert put(github).why == "its check left no report that can be read"
    assert not github.comments


@given(st.text(max_size=80))
@example(HOSTILE)
@example("``` \n````\n~~~\n</details>\n\n@octocat")
def test_nothing_in_a_report_is_markup_a_link_or_a_mention(said: str) -> None:
    shown = ShownConversation(said, said)
    hostile = replace(
        REPORT, model=said, base_model=said, findings=(said,), parameters=(ChangedParameter(said, said, said),),
        shown_added=(shown,), shown_edited=(ShownEdit(said, (said,)),),
    )  # fmt: skip
    calm = replace(hostile, **{name: getattr(REPORT, name) for name in ("model", "base_model")})
    outside = [_outside_code(text([one], SHA, "https://github.example/run/42")) for one in (REPORT, hostile, calm)]
    assert outside[0] == outside[1] == outside[2]
    assert "\u202e" not in text([hostile], SHA, "")


def _outside_code(markdown: str) -> list[tuple[str, str]]:
    """What a reader of Markdown finds that is no code."""
    return [(one.type, one.content) for one in GITHUB.parse(markdown) if one.type != "fence"]


def test_a_comment_never_grows_too_long_for_github() -> None:
    long = replace(REPORT, findings=("x" * 500,) * 20, parameters=(ChangedParameter("k" * 500, "b" * 500, "a"),) * 100)
    body = text([long] * 10, SHA, "")
    assert len(body) < LONGEST_COMMENT + 100
    assert body.count("```") % 2 == 0


def test_a_change_is_reported_with_its_counts_and_examples(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=tmp_path, check=True)

    def rows(*answers: str) -> str:
        asked = ({"role": "user", "content": f"How high is {number}?"} for number in range(len(answers)))
        turns = ([q, {"role": "assistant", "content": a}] for q, a in zip(asked, answers, strict=True))
        return "".join(json.dumps({"messages": one}) + "\n" for one in turns)

    path = tmp_path / "params.yaml"
    path.write_text(re.sub(r"curated: .*", "curated: data", PARAMS_FILE.read_text()))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text(rows("It is three metres high.", "Nobody knows that."))
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "a")
    (tmp_path / "data" / "a.jsonl").write_text(rows("It is four metres high.", "Nobody knows that.", "Write to a@b.cd"))
    out = tmp_path / "out" / FILE
    found = change.run(Project(load(path), path), base="HEAD", out=out).result
    assert (found.artifact, read(out.read_bytes())) == ("change", found.report)
    assert (found.report.added, found.report.edited, found.report.unchanged) == (1, 1, 1)
    assert "[-three-]{+four+}" in found.report.shown_edited[0].words[0]
