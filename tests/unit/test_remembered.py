"""Files that were judged right are not judged again on the same machine, and all others are."""

import json
import re
from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.flow.dataset.curated_check import check_curated
from mlops.flow.dataset.files import curated_files
from mlops.flow.evaluation import probes
from mlops.flow.project import Project
from mlops.flow.remembered import Remembered
from mlops.params import load
from mlops.params.evaluation import Probes
from tests.project import PARAMS_FILE

ROW = {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Mail ada@lovelace.eu."}]}
PROBE = {
    "id": "one",
    "messages": [{"role": "user", "content": "Name?"}],
    "checks": [{"json": {"const": "Ada"}}],
    "right": '"Ada"',
    "wrong": "no",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    (root / "data" / "probes").mkdir(parents=True)
    (root / "params.yaml").write_text(PARAMS_FILE.read_text())
    (root / "data" / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    (root / "data" / "probes" / "names.jsonl").write_text(json.dumps(PROBE) + "\n")
    params = load(root / "params.yaml")
    asked = params.model_copy(
        update={"evaluation": params.evaluation.model_copy(update={"probes": Probes.model_validate({})})}
    )
    return Project(asked, root / "params.yaml", tmp_path / "cache")


def test_what_was_right_is_told_again_with_its_warnings(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = check_curated(project, curated_files(project))
    assert first.warnings
    monkeypatch.setattr("mlops.dataset.check", lambda *_: pytest.fail("it was judged again"))
    assert check_curated(project, curated_files(project)) == first


def test_a_probe_that_was_right_is_read_as_it_is_and_another_is_proved(project: Project) -> None:
    first = probes.every(project)
    probes.read_suites.cache_clear()  # as in another process
    assert probes.every(project) == first
    wrong = {**PROBE, "right": "no"}
    (project.root / "data" / "probes" / "names.jsonl").write_text(json.dumps(wrong) + "\n")
    with pytest.raises(BadInput, match="its right answer fails"):
        probes.every(project)


@pytest.mark.parametrize("place", ["data/rows.jsonl", "data/probes/names.jsonl"])
def test_a_change_of_a_file_is_judged(project: Project, place: str) -> None:
    check_curated(project, curated_files(project))
    probes.every(project)
    with (project.root / place).open("a") as file:
        file.write('{"messages": []}\n')
    with pytest.raises(BadInput, match=re.escape(place)):
        check_curated(project, curated_files(project))


def test_a_change_of_parameters_or_of_the_program_is_judged(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    check_curated(project, curated_files(project))
    data = project.params.data.model_copy(update={"max_characters": 5})
    with pytest.raises(BadInput, match="characters"):
        check_curated(
            Project(project.params.model_copy(update={"data": data}), project.params_path, project.cache),
            [("data/rows.jsonl", json.dumps(ROW).encode())],
        )
    before = Remembered.of(project.cache, project.root, "probes", ())
    monkeypatch.setattr("mlops.__version__", "0.0.0")
    assert Remembered.of(project.cache, project.root, "probes", ()) != before


@pytest.mark.parametrize("kept", ["", "[]", '{"digest": 1}', '{"digest": "%s", "found": {"warnings": [{"no": 1}]}}'])
def test_what_cannot_be_read_is_judged_again(project: Project, kept: str) -> None:
    first = check_curated(project, curated_files(project))
    (place,) = (project.cache or Path()).glob("judged/curated-*.json")
    digest = json.loads(place.read_text())["digest"]
    place.write_text(kept.replace("%s", digest))
    assert check_curated(project, curated_files(project)) == first


def test_without_a_folder_to_write_to_nothing_is_remembered(project: Project) -> None:
    assert project.cache
    project.cache.write_text("a file is in its place")
    first = check_curated(project, curated_files(project))
    assert check_curated(project, curated_files(project)) == first
    assert check_curated(Project(project.params, project.params_path), curated_files(project)) == first
