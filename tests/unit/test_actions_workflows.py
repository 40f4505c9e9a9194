"""GitHub's rules for which workflow an event starts; act ignores them, so they are kept here."""

from pathlib import Path
from typing import Any

import pytest

from mlops.actions.patterns import matches
from mlops.actions.workflows import Workflow, read, started_by
from mlops.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
MAIN = "refs/heads/main"


@pytest.mark.parametrize(
    ("patterns", "text", "taken"),
    [
        (["data/**"], "data/curated/a.jsonl", True),
        (["data/**"], "data/a", True),
        (["data/**"], "metadata/a", False),
        (["data/*"], "data/curated/a.jsonl", False),
        (["**/*.md"], "README.md", True),
        (["**/*.md"], "a/b/c.md", True),
        (["*.md"], "docs/a.md", False),
        (["**"], "anything/at/all", True),
        (["data/**", "!data/**/*.md"], "data/README.md", False),
        (["data/**", "!data/**/*.md", "data/README.md"], "data/README.md", True),
        (["!data/**"], "data/x", False),
        (["v[12].?"], "v1.", True),
        (["releases/**"], "releases/10/rc", True),
        (["a+b"], "aaab", True),
        (["params.yaml"], "paramsXyaml", False),
        (["**/docs/**"], "docs/a", True),
        (["**/docs/**"], "a/docs/b/c", True),
        (["docs/**/*.md"], "docs/a.md", True),
        (["v[0-9]+.[0-9]+"], "v12.3", True),
        (["v[0-9]+.[0-9]+"], "v12", False),
        ([r"a\*b"], "a*b", True),
        ([r"a\*b"], "axb", False),
        ([".github/*"], ".github/a", True),
        ([], "anything", False),
    ],
)
def test_filter_patterns_take_what_github_takes(patterns: list[str], text: str, taken: bool) -> None:
    assert matches(patterns, text) is taken


def started(*changed: str, ref: str = MAIN) -> set[str]:
    found = {flow.path.stem for flow in started_by(ROOT, "push", ref=ref, changed=changed)}
    return found - {"docs"}  # it builds documents, and no model


def test_a_push_of_conversations_or_parameters_starts_training() -> None:
    assert started("params.yaml") == {"ci", "train"}
    assert started("data/curated/new.jsonl", "README.md") == {"ci", "train"}


def test_a_push_of_anything_else_or_elsewhere_does_not() -> None:
    assert started("mlops/errors.py", "data/README.md") == {"ci"}
    assert started("params.yaml", ref="refs/heads/topic") == set()


def flow(**on: Any) -> Workflow:
    return Workflow(Path("x.yml"), "x", on, {})


@pytest.mark.parametrize(
    ("filters", "ref", "changed", "starts"),
    [
        ({"paths-ignore": ["docs/**"]}, MAIN, ["docs/a", "b"], True),
        ({"paths-ignore": ["docs/**"]}, MAIN, ["docs/a"], False),
        ({"paths": ["data/**"]}, MAIN, [], False),
        ({"branches": ["main"], "paths": ["data/**"]}, MAIN, ["data/x"], True),
        ({"branches": ["main"], "paths": ["data/**"]}, "refs/heads/topic", ["data/x"], False),
        ({"branches-ignore": ["topic/**"]}, "refs/heads/topic/a/b", ["x"], False),
        ({"branches-ignore": ["topic/*"]}, "refs/heads/topic/a/b", ["x"], True),
        ({"branches": ["main"]}, "refs/tags/v1", ["x"], False),
        ({"tags": ["v*"]}, "refs/tags/v1", [], True),
        ({"tags": ["v*"]}, MAIN, ["x"], False),
        ({"tags": ["v*"], "branches": ["main"]}, MAIN, ["x"], True),
        ({"tags-ignore": ["v*"]}, "refs/tags/v1", [], False),
        ({"paths": ["data/**"]}, "refs/tags/v1", ["x"], True),
        (None, "refs/heads/anything", [], True),
    ],
)
def test_a_push_starts_what_its_filters_let_pass(filters: Any, ref: str, changed: list[str], starts: bool) -> None:
    assert flow(push=filters).started_by("push", ref=ref, changed=changed) is starts


@pytest.mark.parametrize(
    ("event", "filters", "payload", "starts"),
    [
        ("repository_dispatch", {"types": ["training-ended"]}, {"action": "training-ended"}, True),
        ("repository_dispatch", {"types": ["training-ended"]}, {"action": "other"}, False),
        ("repository_dispatch", {"types": "training-ended"}, {"action": "training"}, False),
        ("repository_dispatch", None, {"action": "other"}, True),
        ("pull_request", None, {"action": "opened"}, True),
        ("pull_request", None, {"action": "closed"}, False),
        ("pull_request", {"types": ["closed"]}, {"action": "closed"}, True),
        ("pull_request", {"branches": ["release"]}, {"action": "opened"}, False),
        ("schedule", [{"cron": "7 * * * *"}, {"cron": "9 * * * *"}], {"schedule": "9 * * * *"}, True),
        ("schedule", [{"cron": "7 * * * *"}], {"schedule": "8 * * * *"}, False),
        ("issues", None, {}, False),
    ],
)
def test_other_events_start_by_their_payload(
    event: str, filters: Any, payload: dict[str, object], starts: bool
) -> None:
    given = flow(push=None) if event == "issues" else flow(**{event: filters})
    assert given.started_by(event, ref=MAIN, changed=["x"], payload=payload) is starts


def test_the_bridge_of_finished_runs_starts_resume_alone() -> None:
    found = started_by(ROOT, "repository_dispatch", ref=MAIN, changed=(), payload={"action": "training-ended"})
    assert [flow.path.stem for flow in found] == ["resume"]


def test_the_files_of_a_run_are_its_own_and_those_that_it_calls_also_through_another() -> None:
    folder = ROOT / ".github" / "workflows"
    assert read(folder / "rollback.yml").files() == {"rollback.yml"}
    assert read(folder / "train-models.yml").files() == {"train-models.yml", "train.yml", "promote.yml"}


def test_jobs_of_reusable_workflows_are_expected_under_their_caller() -> None:
    jobs = {job.key: job for job in read(ROOT / ".github/workflows/train.yml").expected()}
    promotion = [f"promote/promote/{name}" for name in ("environments", "first", "second", "third", "fourth")]
    assert list(jobs) == ["plan", "train", "polling", "release", *promotion]
    assert jobs["release"].needs == ("plan", "train")
    waves = ["${{ matrix.environment }}"] * 4
    assert [jobs[key].environment for key in jobs] == ["training", "training", "", "training", "", *waves]


def test_remote_actions_are_found_through_what_is_local() -> None:
    used = {name.partition("@")[0] for name in read(ROOT / ".github/workflows/train.yml").uses()}
    assert used == {"actions/checkout", "actions/upload-artifact", "astral-sh/setup-uv"}


@pytest.mark.parametrize("text", ["just: text", "on: push\njobs: [a]", "on: push\njobs: {a: {steps: 3}}", "a: [", ""])
def test_a_file_that_is_no_workflow_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yml"
    path.write_text(text)
    with pytest.raises(BadInput, match="not a workflow file"):
        read(path)
