"""Another stack than the stand-in: what the state folder names trains, and a process for each model answers."""

import sys
from pathlib import Path

import pytest

from azureml_emulator.core import model_stack
from azureml_emulator.services.online_endpoints.served_model import ServedModel
from azureml_emulator.stand_in_model.model_folder import ArtifactError

PROGRAM = """
import json, sys
verb, folder = sys.argv[1:]
print(json.dumps({"error": "no weights"} if folder.endswith("broken") else {}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)["input_data"]
    if asked == "die":
        break
    print(json.dumps({"error": "no"} if asked == "refuse" else {"answer": [verb, asked]}), flush=True)
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    (tmp_path / "program.py").write_text(PROGRAM)
    return [sys.executable, str(tmp_path / "program.py")]


def test_the_state_folder_names_it(tmp_path: Path, words: list[str]) -> None:
    state = tmp_path / "state"
    assert model_stack.command(state) == []
    model_stack.use(state, words)
    assert model_stack.command(state) == words
    model_stack.use(state, [])
    assert model_stack.command(state) == []


def test_a_model_is_asked_line_by_line(tmp_path: Path, words: list[str]) -> None:
    model = ServedModel(words, tmp_path / "model")
    assert model.predict({"a": "é\n"}) == ["serve", {"a": "é\n"}]
    with pytest.raises(ValueError, match="no"):
        model.predict("refuse")
    for _ in range(2):
        with pytest.raises(ValueError, match="has ended"):
            model.predict("die")
    model.close()


def test_one_that_does_not_load_says_why(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(ArtifactError, match="no weights"):
        ServedModel(words, tmp_path / "broken")
    with pytest.raises(ArtifactError, match="has ended"):
        ServedModel([sys.executable, "-c", ""], tmp_path / "model")
