"""Several models in one repository: which a change concerns, and whose names would collide."""

from dataclasses import replace

import pytest

from mlops.domain.repository.several import ModelProject, collisions

DATA = {"name": "chats", "curated": "../../data"}
A = ModelProject(
    folder="models/a",
    params="params.yaml",
    model="help-a",
    data_name="chats",
    data=DATA,
    folders=("../../data", "probes"),
    patterns=("extra/*.csv",),
    endpoints={"staging": "a-st-{workspace_hash}", "production": "a-{workspace_hash}"},
)
B = replace(A, folder="models/b", model="help-b", endpoints={"staging": "b-st", "production": "b"}, folders=("data",))
TOP = replace(B, folder=".", folders=("data",), patterns=())


@pytest.mark.parametrize(
    ("path", "concerned"),
    [
        ("models/a/params.yaml", [A]),
        ("models/b/params.yaml", [B]),
        ("params.yaml", [TOP]),
        ("data/rows.jsonl", [A, TOP]),  # shared
        ("data/README.md", []),
        ("models/b/data/rows.jsonl", [B]),
        ("models/a/probes/facts.jsonl", [A]),
        ("models/a/extra/export.csv", [A]),
        ("models/a/extra/export.txt", []),
        ("models/ab/params.yaml", []),
        (".github/workflows/train.yml", [A, B, TOP]),
        ("src/page.html", []),
    ],
)
def test_a_change_concerns_those_that_read_it(path: str, concerned: list[ModelProject]) -> None:
    assert [one for one in (A, B, TOP) if one.concerned([path])] == concerned


def test_different_names_do_not_collide() -> None:
    assert not collisions([A, replace(B, data_name="others")])


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"model": "HELP-A"}, "model.name"),
        ({"endpoints": {"live": "a-{workspace_hash}"}}, "environments.live.endpoint"),
        ({"data": {**DATA, "seed": 7}}, "data.name"),
    ],
)
def test_a_name_that_two_use_is_told_with_both_files(changed: dict[str, object], key: str) -> None:
    (problem,) = collisions([A, replace(B, **changed)])  # type: ignore[arg-type]
    assert (problem.key, problem.where) == (key, "models/b/params.yaml")
    assert "models/a/params.yaml" in problem.why


def test_the_same_data_under_the_same_name_is_shared_wherever_its_folder_is_named_from() -> None:
    top = replace(A, folder=".", model="other", endpoints={}, data={**DATA, "curated": "data"})
    assert not collisions([A, top])
    assert collisions([A, replace(top, data={**DATA, "curated": "chats"})])
