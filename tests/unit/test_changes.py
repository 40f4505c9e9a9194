"""What merging would change and start, from a real clone and without any cloud."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mlops.domain.release.changes import ParameterChange, conversations, only_documents, parameters
from mlops.errors import BadInput
from mlops.flow.project import Project
from mlops.flow.release import offline_plan
from mlops.flow.release.offline_plan import OfflinePlanResult
from mlops.params import load
from mlops.views import plan as view
from tests.project import PARAMS_FILE, PROJECT

ROOT = Path(__file__).resolve().parents[2]
BASE = "HEAD"


def test_parameters_are_compared_key_by_key() -> None:
    before = {"a": {"b": 1, "c": [1, 2]}, "gone": {"x": 1}}
    after = {"a": {"b": 2, "c": [1, 3]}, "new": {}}
    assert parameters(before, after) == [
        ParameterChange("a.b", "1", "2"),
        ParameterChange("a.c.1", "2", "3"),
        ParameterChange("new", "-", "{}"),
        ParameterChange("gone.x", "1", "-"),
    ]
    assert parameters(None, {"a": 1}) == [ParameterChange("a", "-", "1")]
    assert parameters({"percent": 5, "on": True}, {"percent": 5.0, "on": 1}) == [ParameterChange("on", "True", "1")]


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        (b"a\nb\n", b"b\na\n", (0, 0)),
        (b"a\nb\n", b"a\nc\nd", (2, 1)),
        (b"", b"a\n\na\n", (2, 0)),
        (b"a\n", b"", (0, 1)),
    ],
)
def test_conversations_are_counted_as_lines(before: bytes, after: bytes, counts: tuple[int, int]) -> None:
    assert conversations(before, after) == counts


@pytest.mark.parametrize(
    ("paths", "only"),
    [
        (["README.md", "docs/a/b.png"], True),
        (["data/README.md"], True),
        (["README.md", "params.yaml"], False),
        ([".github/workflows/ci.yml"], False),
        ([], False),
    ],
)
def test_documents_are_what_nothing_runs(paths: list[str], only: bool) -> None:
    assert only_documents(paths) is only


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the plan reads, in a repository with one commit."""
    made = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / ".github", made / ".github")
    shutil.copytree(PROJECT / "data", made / "data")
    shutil.copy2(PARAMS_FILE, made)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "--message=first"]):
        subprocess.run(["git", *identity, *words], cwd=made, check=True)
    return made


@pytest.fixture
def clone(committed: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(committed, tmp_path / "clone"))


def planned(clone: Path, base: str = BASE) -> OfflinePlanResult:
    path = clone / "params.yaml"
    return offline_plan.run(Project(load(path), path), base=base).result


def test_a_changed_parameter_and_conversation_are_shown_and_start_a_training(clone: Path) -> None:
    path = clone / "params.yaml"
    path.write_text(path.read_text().replace("num_train_epochs: 1", "num_train_epochs: 3"))
    data = next((clone / "data").rglob("*.jsonl"))
    lines = data.read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[0])
    record["messages"][-1]["content"] += " In short."
    data.write_text("\n".join([*lines[1:], json.dumps(record)]) + "\n", encoding="utf-8")
    found = planned(clone)
    (section,) = view.report(found).sections
    assert [table.rows for table in section.tables] == [
        (("training.parameters.num_train_epochs", "1", "3"),),
        ((data.relative_to(clone).as_posix(), 1, 1),),
    ]
    assert view.outputs(found) == {"train": "true", "code": "true"}


def test_a_change_of_documents_starts_and_rehearses_nothing(clone: Path) -> None:
    (clone / "data" / "NOTES.md").write_text("new and not committed\n")
    assert view.outputs(planned(clone)) == {"train": "false", "code": "false"}


def test_a_change_of_code_is_rehearsed_and_starts_no_training(clone: Path) -> None:
    (clone / "new.py").write_text("")
    assert view.outputs(planned(clone)) == {"train": "false", "code": "true"}


@pytest.mark.parametrize("base", ["", "HEAD^1", "--output=x"])
def test_without_a_base_nothing_is_left_out(clone: Path, base: str) -> None:
    found = planned(clone, base)
    assert view.outputs(found) == {"train": "", "code": "true"}
    assert bool(view.report(found).sections) is bool(base)


def test_what_is_wrong_in_the_data_is_told_before_the_comparison(clone: Path) -> None:
    (clone / "data" / "bad.jsonl").write_text("{\n")
    with pytest.raises(BadInput, match=r"data/bad\.jsonl:1"):
        planned(clone)
