"""Verbs against the emulator that a rehearsal left read what the rehearsal read, and no other verb does."""

import io
from pathlib import Path

import pytest

from mlops.azure.target import note_rehearsal
from mlops.cli.session import Session


@pytest.fixture
def state(project: Path) -> Path:
    """Where a rehearsal of the project was kept, which was told to take two epochs."""
    text = (project / "params.yaml").read_text(encoding="utf-8").partition("\nrehearsal:")[0]
    kept = "rehearsal:\n  evaluation.conversations: 9\n  gate.rules.eval_loss.max: 7.5\n"
    (project / "params.yaml").write_text(f"{text}\n{kept}", encoding="utf-8")
    made = project / "build" / "emulator"
    made.mkdir(parents=True)
    note_rehearsal(made, project, ["training.parameters.num_train_epochs=2"])
    return made


def session(state: Path, target: str, *settings: str) -> Session:
    environ = {"MLOPS_EMULATOR_DIR": str(state)}
    return Session(target=target, environ=environ, settings=settings, stderr=io.StringIO(), stdout=io.StringIO())


def test_the_values_of_the_rehearsal_count_and_are_told(state: Path) -> None:
    made = session(state, "emulator", "evaluation.conversations=5")
    params = made.context().params
    assert params.training.parameters["num_train_epochs"] == 2
    assert params.evaluation.conversations == 5, "what is said now counts more"
    told = made.stderr.getvalue()  # type: ignore[attr-defined]
    assert "left by `mlops rehearse --keep`" in told
    assert "parameter gate.rules.eval_loss.max = 7.5, from rehearsal in params.yaml" in told
    assert told.count("evaluation.conversations = 5") == 1


@pytest.mark.parametrize("case", ["azure", "another project", "no rehearsal"])
def test_elsewhere_the_file_counts(state: Path, case: str) -> None:
    if case == "another project":
        note_rehearsal(state, state, [])
    elif case == "no rehearsal":
        (state / "rehearsal.json").unlink()
    made = session(state, "azure" if case == "azure" else "emulator")
    assert made.context().params.evaluation.conversations != 9
    assert "rehears" not in made.stderr.getvalue()  # type: ignore[attr-defined]
