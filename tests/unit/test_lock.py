"""The lock files hold what pyproject.toml asks for, which is found without resolving anything."""

import shutil
from pathlib import Path

import pytest

from tools.lock import disagreements

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that are compared."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "emulator").mkdir()
    for name in ("pyproject.toml", "emulator/pyproject.toml"):
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_locks_of_this_repository_agree() -> None:
    assert disagreements(ROOT) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("pyproject.toml", '"rich>=14"', '"rich>=999"', "run.txt holds rich"),
        ("pyproject.toml", '"rich>=14"', '"rich>=14", "nothing-of-ours"', "run.txt does not hold nothing-of-ours"),
        ("pyproject.toml", '"zizmor==1.32.0"', '"zizmor==0.1"', "dev.txt holds zizmor 1.32.0"),
        ("pyproject.toml", '"zizmor', '"azureml-emulator", "zizmor', "pyproject.toml asks for azureml-emulator"),
        ("emulator/pyproject.toml", '"click', '"nothing-of-theirs", "click', "dev.txt does not hold nothing-of-theirs"),
    ],
)
def test_a_requirement_that_was_changed_alone_is_named(copy: Path, name: str, old: str, new: str, said: str) -> None:
    text = (copy / name).read_text(encoding="utf-8")
    assert old in text
    (copy / name).write_text(text.replace(old, new), encoding="utf-8")
    assert any(line.startswith(said) for line in disagreements(copy))
