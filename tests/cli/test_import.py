"""Files in the shapes that people have: each is imported right, refused with one clear error, or listed as not read."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops import yamls
from tests.cli.conftest import Ended, Run
from tests.project import PARAMS_FILE

FORMATS = Path(__file__).resolve().parents[1] / "formats"
CORPUS = FORMATS / "corpus"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((FORMATS / "expected.yaml").read_text(encoding="utf-8"))
IMPORTED = [name for name, one in EXPECTED.items() if "imported" in one]
REFUSED = [name for name, one in EXPECTED.items() if "refused" in one]
MAPPED = [name for name, one in EXPECTED.items() if "mapped" in one]
MOST_LINES = 50


@pytest.fixture
def corpus(project: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of what the test names, beside the data folder; where it names nothing, of all."""
    made, named = project / "exports", getattr(request.node, "callspec", None)
    if named is None:
        shutil.copytree(CORPUS, made)
        return made
    name = named.params["name"]
    for needed in filter(None, (name, EXPECTED[name].get("mapping"))):
        (made / needed).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CORPUS / needed, made / needed)
    return made


def result(told: Ended) -> dict[str, Any]:
    assert told.code == 0, told.err
    found: dict[str, Any] = json.loads(told.out)["result"]
    return found


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_corpus_is_whole() -> None:
    files = {path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file()}
    assert files == set(EXPECTED)
    assert len(files) >= 60


@pytest.mark.parametrize("name", IMPORTED)
def test_what_is_recognised_is_imported_with_its_place(mlops: Run, corpus: Path, name: str) -> None:
    told = mlops("--json", "data", "import", corpus / name, "--to", "data/new.jsonl")
    found, expected = result(told), EXPECTED[name]
    (one,) = found["files"]
    assert found["rows"] == one["imported"] == expected["imported"]
    assert one["duplicates"] == expected.get("duplicates", 0)
    assert one["read"] == one["imported"] + one["duplicates"] + sum(one["rejected"].values())
    assert len(found["examples"]) == min(3, found["rows"])
    written = rows(Path("data/new.jsonl"))
    assert all(set(row) == {"messages", "source"} and row["source"]["file"] == f"exports/{name}" for row in written)
    assert all(message["content"].strip() == message["content"] for row in written for message in row["messages"])
    assert written[0]["messages"][0]["content"] == expected.get("first", written[0]["messages"][0]["content"])
    assert not expected.get("note") or any(expected["note"] in note for note in one["notes"])
    again = result(mlops("--json", "data", "import", corpus / name, "--to", "data/new.jsonl"))
    assert (again["written"], rows(Path("data/new.jsonl"))) == (False, written)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_imported_is_one_short_error(mlops: Run, corpus: Path, name: str) -> None:
    told = mlops("data", "import", corpus / name, "--to", "data/new.jsonl")
    assert told.code == 2
    assert EXPECTED[name]["refused"] in told.err
    assert "fix: " in told.err
    assert told.err.count("\n") <= MOST_LINES
    assert not Path("data/new.jsonl").exists()


@pytest.mark.parametrize("name", MAPPED)
def test_a_mapping_explains_what_is_not_recognised(mlops: Run, corpus: Path, name: str) -> None:
    expected = EXPECTED[name]
    words = [part for key in ("columns", "encoding") if key in expected for part in (f"--{key}", expected[key])]
    words += ["--mapping", str(corpus / expected["mapping"])] if "mapping" in expected else []
    words += ["--skip-invalid"] if "skipped" in expected else []
    told = mlops("--json", "data", "import", corpus / name, "--to", "data/new.jsonl", *words)
    found = result(told)
    assert found["rows"] == expected["mapped"]
    assert sum(found["files"][0]["rejected"].values()) == expected.get("skipped", 0)
    roles = [[message["role"] for message in row["messages"]] for row in rows(Path("data/new.jsonl"))]
    assert all(row[-2:] == ["user", "assistant"] for row in roles)


@cache
def all_of_data() -> str:
    """Parameters that name the whole folder; to write them as YAML takes a third of such a test."""
    given = yamls.read(PARAMS_FILE.read_text(encoding="utf-8"))
    return yaml.safe_dump({**given, "data": {"curated": "data"}})


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", EXPECTED)
def test_below_the_data_folder_it_is_read_refused_or_listed(mlops: Run, name: str) -> None:
    shutil.copy2(CORPUS / name, "data")
    conversation = {"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "Yes."}]}
    with Path("data/more.jsonl").open("w", encoding="utf-8") as file:
        for number in range(40):
            conversation["messages"][0]["content"] = f"Does number {number} hold?"
            file.write(json.dumps(conversation) + "\n")
    Path("params.yaml").write_text(all_of_data(), encoding="utf-8")
    told = mlops("--json", "prepare", "--no-upload", "--out", "out")
    path = f"data/{Path(name).name}"
    if EXPECTED[name]["prepared"] == "refused":
        problems = json.loads(told.out)["problems"]
        assert told.code == 2
        assert any(problem["file"] == path for problem in problems)
        assert told.err.count("\n") <= MOST_LINES
        return
    found = result(told)
    sources = {one["name"]: one for one in found["sources"]}
    assert (path in sources) == (EXPECTED[name]["prepared"] == "read")
    assert (path in [one["path"] for one in found["not_read"]]) == (EXPECTED[name]["prepared"] == "not read")
    assert all(one["read"] == one["kept"] + sum(one["rejected"].values()) for one in sources.values())


def test_another_content_is_not_written_over(mlops: Run, corpus: Path) -> None:
    target = Path("data/curated/few.jsonl")
    before = target.read_bytes()
    words = ("data", "import", corpus / "sharegpt.jsonl", "--to", target)
    told = mlops(*words)
    assert (told.code, target.read_bytes()) == (2, before)
    assert "--yes" in told.err
    assert mlops(*words, "--yes").code == 0
    assert len(rows(target)) == 5


def test_what_is_wrong_in_many_rows_is_told_once_with_a_file_of_all(mlops: Run, project: Path) -> None:
    row = {"conversations": [{"from": "human", "value": "Question"}, {"from": "gpt", "value": "Answer"}]}
    Path("data/many.jsonl").write_text(f"{json.dumps(row)}\n" * 6_000, encoding="utf-8")
    told = mlops("prepare", "--no-upload", "--out", "out")
    assert told.code == 2
    assert told.err.count("\n") <= 10
    assert "6,000 rows: this is ShareGPT" in told.err
    assert "mlops data import data/many.jsonl" in told.err
    assert "lines 1, 2, 3, ..." in told.err
    assert len(Path("out/refused.jsonl").read_text(encoding="utf-8").splitlines()) == 6_000


def test_a_file_below_the_data_folder_is_to_be_moved_away(mlops: Run, corpus: Path) -> None:
    shutil.copy2(corpus / "alpaca.json", "data/company.json")
    told = mlops("data", "import", "data/company.json")
    assert told.code == 0
    assert "git mv data/company.json" in told.out
    assert len(rows(Path("data/imported/company.jsonl"))) == 5
