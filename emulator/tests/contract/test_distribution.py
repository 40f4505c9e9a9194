"""The emulator's wheel alone: it carries its data, needs what it declares, and runs a program of the public SDK."""

import ast
import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

EMULATOR = Path(__file__).resolve().parents[2]
STATED = tomllib.loads((EMULATOR / "pyproject.toml").read_text(encoding="utf-8"))
BACKEND = STATED["build-system"]["build-backend"]
EVALUATION = {"rouge-score", "sacrebleu"}  # an extra: what computes metrics
DATA = {"chitchat-dataset"}  # conversations, read and never imported
PACKAGES = {"jwt": "pyjwt", "yaml": "pyyaml"}  # where the name of the import is another
BROUGHT = {"pytest", "pandas", "mlflow", "inference_schema", "azureml"}  # by pytest, or by code that a user brings
PROGRAM = """
import importlib.util, os, pathlib
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Data
from azure.identity import DefaultAzureCredential
found = importlib.util.find_spec("mlops")  # a folder of its workflows, without code, lies beside the other packages
assert found is None or found.origin is None, found
names = [os.environ[f"AZURE_{name}"] for name in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "ML_WORKSPACE")]
client = MLClient(DefaultAzureCredential(), *names)
pathlib.Path("rows.jsonl").write_text("{}")
made = client.data.create_or_update(Data(name="rows", version="1", path="rows.jsonl", type="uri_file"))
print("workspace", client.workspaces.get(names[-1]).location, [item.name for item in client.data.list()], made.version)
"""
HEAVY = {"azure", "datasets", "matplotlib", "mlflow", "pandas", "polars", "pyarrow", "pytest", "sklearn"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built as for an index."""
    folder = tmp_path_factory.mktemp("wheel")
    build = f"import {BACKEND}; {BACKEND}.build_wheel({str(folder)!r})"  # the hook of PEP 517, as pip calls it
    subprocess.run([sys.executable, "-c", build], cwd=EMULATOR, check=True, capture_output=True)
    (found,) = folder.glob("azureml_emulator-*.whl")
    return found


@pytest.fixture(scope="module")
def environment(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it declares, as pip finds it, and nothing else.

    The packages are links to those of this environment; with `--from-index` pip chooses and downloads them.
    """
    made = tmp_path_factory.mktemp("environment")
    venv.create(made, symlinks=True)
    words = [sys.executable, "-m", "pip", "--python", str(made / "bin" / "python"), "install", "--quiet"]
    if not request.config.getoption("--from-index"):
        words += ["--no-index", "--no-compile"]  # what the program below imports is compiled as it is imported
        for top in {top for name in closure(declared()) for top in tops(name)}:
            (site_of(made) / top.name).symlink_to(top)
    subprocess.run([*words, str(wheel)], check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another environment: it has the packages of this one, though not those that are installed from a folder."""
    made = tmp_path_factory.mktemp("program")
    venv.create(made, symlinks=True)
    (site_of(made) / "packages.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return made


def site_of(environment: Path) -> Path:
    return environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def declared() -> set[NormalizedName]:
    return {canonicalize_name(Requirement(text).name) for text in STATED["project"]["dependencies"]}


def closure(names: set[NormalizedName]) -> set[NormalizedName]:
    """The packages and all that they need in turn, without extras."""
    found: set[NormalizedName] = set()
    while names:
        found |= names
        wanted = [Requirement(text) for name in names for text in metadata.requires(name) or ()]
        due = (one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""}))
        names = {canonicalize_name(one.name) for one in due} - found
    return found


def tops(name: str) -> set[Path]:
    """The folders and files that a package puts next to the others."""
    files = metadata.files(name) or ()
    site = Path(sysconfig.get_path("purelib"))
    return {site / file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}


def test_the_wheel_carries_the_catalogue_and_says_that_it_is_typed(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = {"catalog/base/model.npz", "catalog/models.yaml", "catalog/sizes.yaml", "py.typed"}
    assert {f"azureml_emulator/{name}" for name in needed} <= names
    assert not [name for name in names if name.startswith("mlops")]


def test_a_program_of_the_public_sdk_runs_where_there_is_no_mlops(
    environment: Path, program: Path, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    command = [str(environment / "bin" / "azureml-emulator"), "exec", "--state", str(tmp_path / "state")]
    path = os.pathsep.join([str(program / "bin"), os.defpath])
    active = {"PATH": path, "VIRTUAL_ENV": str(program), "HOME": str(tmp_path)}
    words = [*command, "--", "python", "-W", "ignore", "program.py"]
    done = subprocess.run(words, cwd=tmp_path, env=active, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "workspace eastus ['rows'] 1" in done.stdout


def test_its_environment_has_what_is_declared_and_no_more(request: pytest.FixtureRequest, environment: Path) -> None:
    if request.config.getoption("--from-index"):
        pytest.skip("newer versions than those of the lock may need more")
    found = {canonicalize_name(one.name) for one in metadata.distributions(path=[str(site_of(environment))])}
    assert found == closure(declared()) | {"azureml-emulator"}
    assert len(found) <= 16


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import json, sys; import azureml_emulator.server, azureml_emulator.cli.main; print(json.dumps([*sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.partition(".")[0] for name in json.loads(done.stdout)} & HEAVY


def test_a_project_that_does_not_use_the_fixtures_does_not_pay_for_them() -> None:
    code = (
        "import sys, pytest; was = {*sys.modules}; import azureml_emulator.pytest_plugin; print(*{*sys.modules} - was)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"azureml_emulator", "azureml_emulator.pytest_plugin"}


def test_every_package_that_it_imports_is_declared() -> None:
    used = {
        name
        for path in (EMULATOR / "azureml_emulator").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    } - set(sys.stdlib_module_names) - {"azureml_emulator"}  # fmt: skip
    named = {canonicalize_name(PACKAGES.get(name, name)) for name in used - BROUGHT}
    assert named | DATA == declared() | EVALUATION


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [node.module.partition(".")[0]] if isinstance(node, ast.ImportFrom) and node.module else []
