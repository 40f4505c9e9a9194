"""The emulator's wheel alone: it carries its data, needs what it declares, and runs a program of the public SDK."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

EMULATOR = Path(__file__).resolve().parents[2]
DATA = {"chitchat-dataset"}  # conversations, read and never imported
PACKAGES = {"yaml": "pyyaml"}  # where the name of the import is another
BROUGHT = {"pytest", "pandas", "mlflow", "inference_schema", "azureml"}  # by pytest, or by code that a user brings
PROGRAM = """
import importlib.util, os
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential
assert importlib.util.find_spec("mlops") is None
names = [os.environ[f"AZURE_{name}"] for name in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "ML_WORKSPACE")]
client = MLClient(DefaultAzureCredential(), *names)
print("workspace", client.workspaces.get(names[-1]).location)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built as for an index."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*words, "--wheel-dir", str(folder), str(EMULATOR)], check=True, capture_output=True)
    (found,) = folder.glob("azureml_emulator-*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and the packages of this one by their path: not what is installed from a folder.

    Nothing is downloaded, so this does not show that the declared versions can be had; the lock file does.
    """
    made = tmp_path_factory.mktemp("environment")
    venv.create(made, symlinks=True)
    site = made / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "packages.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return made


def test_the_wheel_carries_the_catalogue_and_says_that_it_is_typed(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = {"catalog/base/model.npz", "catalog/models.yaml", "catalog/sizes.yaml", "py.typed"}
    assert {f"azureml_emulator/{name}" for name in needed} <= names
    assert not [name for name in names if name.startswith("mlops")]


def test_a_program_of_the_public_sdk_runs_where_there_is_no_mlops(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    python = environment / "bin" / "python"
    command = [str(python), "-W", "ignore", "-c", "from azureml_emulator.cli.main import main; main()"]
    words = ["exec", "--state", str(tmp_path / "state"), "--", str(python), "-W", "ignore", "program.py"]
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    done = subprocess.run([*command, *words], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "workspace eastus" in done.stdout


def test_every_package_that_it_imports_is_declared() -> None:
    stated = tomllib.loads((EMULATOR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    declared = {re.split(r"[<>=~!\[ ]", name)[0] for name in stated}
    used = {
        name
        for path in (EMULATOR / "azureml_emulator").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    } - set(sys.stdlib_module_names) - {"azureml_emulator"}  # fmt: skip
    assert {PACKAGES.get(name, name) for name in used - BROUGHT} | DATA == declared


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [node.module.partition(".")[0]] if isinstance(node, ast.ImportFrom) and node.module else []
