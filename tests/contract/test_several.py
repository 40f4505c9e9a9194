"""Two models in one repository, in one workspace: at the top every verb that looks sees both."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import ROOT, Ended
from tests.project import PARAMS_FILE

NAMES = ("sales", "support")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Each with its own names and shared conversations."""
    (tmp_path / "data").mkdir()
    turns = [{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Yes."}]
    (tmp_path / "data" / "rows.jsonl").write_text(f"{json.dumps({'messages': turns})}\n")
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    text = PARAMS_FILE.read_text(encoding="utf-8").replace("curated: data ", "curated: ../../data ")
    for name in NAMES:
        (tmp_path / "models" / name).mkdir(parents=True)
        own = text.replace("phi-3-mini-ultrachat", f"both-{name}").replace("endpoint: chat-", f"endpoint: {name}-")
        (tmp_path / "models" / name / "params.yaml").write_text(own, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("verb", ["status", "cleanup", "resume", "runs", "history", "report site --out site"])
def test_every_verb_that_looks_sees_both(verb: str, mlops: Callable[..., Ended], top: Path) -> None:
    told = mlops("-C", str(top), "--json", *verb.split())
    assert told.code == 0, told.out + told.err
    found = json.loads(told.out)
    shape = json.loads((ROOT / "docs" / "json" / "several.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(shape).validate(found)
    assert [one["folder"] for one in found["result"]["models"]] == [f"models/{name}" for name in NAMES]
    if verb.startswith("report"):
        assert (top / "site" / "support" / "index.html").is_file()
        assert '"sales/index.html"' in (top / "site" / "index.html").read_text(encoding="utf-8")
