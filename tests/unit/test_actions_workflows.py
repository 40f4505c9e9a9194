"""GitHub's rules for which workflow an event starts; act ignores them, so they are kept here."""

from pathlib import Path

import pytest

from mlops.actions.workflows import Workflow, matches, read, started_by
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
    ],
)
def test_filter_patterns_take_what_github_takes(patterns: list[str], text: str, taken: bool) -> None:
    assert matches(patterns, text) is taken


def started(*changed: str, ref: str = MAIN) -> set[str]:
    return {flow.path.stem for flow in started_by(ROOT, "push", ref=ref, changed=changed)}


def test_a_push_of_conversations_or_parameters_starts_training() -> None:
    assert started("params.yaml") == {"ci", "train"}
    assert started("data/curated/new.jsonl", "README.md") == {"ci", "train"}


def test_a_push_of_anything_else_or_elsewhere_does_not() -> None:
    assert started("mlops/errors.py", "data/README.md") == {"ci"}
    assert started("params.yaml", ref="refs/heads/topic") == set()


def test_paths_ignore_starts_when_one_file_is_not_ignored() -> None:
    flow = Workflow(Path("x.yml"), "x", {"push": {"paths-ignore": ["docs/**"]}}, {})
    assert flow.started_by("push", ref=MAIN, changed=["docs/a", "b"])
    assert not flow.started_by("push", ref=MAIN, changed=["docs/a"])


def test_jobs_of_reusable_workflows_are_expected_under_their_caller() -> None:
    jobs = {job.key: job for job in read(ROOT / ".github/workflows/train.yml").expected()}
    assert list(jobs) == ["plan", "train", "release", "promote/promote/staging", "promote/promote/production"]
    assert not jobs["plan"].conditional


def test_a_file_that_is_no_workflow_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("just: text\n")
    with pytest.raises(BadInput, match="not a workflow file"):
        read(path)
