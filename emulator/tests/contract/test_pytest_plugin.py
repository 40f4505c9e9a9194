"""The fixtures that another project imports, in a run of pytest of its own."""

import subprocess
import sys
from pathlib import Path

CONFTEST = 'pytest_plugins = ["azureml_emulator.pytest_plugin"]\n'
UNMET = """
def test_a_fault_that_is_never_met(azure_ml_fault):
    azure_ml_fault("jobs.create: 500")
"""
TESTS = (
    """
import os
import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Data
from azure.identity import DefaultAzureCredential

pytestmark = pytest.mark.filterwarnings("ignore")

@pytest.fixture(scope="session")
def client(azure_ml):
    names = [os.environ[f"AZURE_{name}"] for name in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "ML_WORKSPACE")]
    return MLClient(DefaultAzureCredential(), *names)

def test_the_sdk_retries(client, azure_ml_fault):
    azure_ml_fault("data.create_version: 503 once with Retry-After 0")
    client.data.create_or_update(Data(name="rows", version="1", path="https://example.org/a", type="uri_file"))

def test_a_reader_cannot_write(client, azure_ml):
    azure_ml.access(role_assignments=[{"principal": os.environ["AZURE_CLIENT_ID"], "role": "Reader"}])
    with pytest.raises(Exception, match="AuthorizationFailed"):
        client.data.create_or_update(Data(name="rows", version="2", path="https://example.org/a", type="uri_file"))
    azure_ml.access(role_assignments=[])
    azure_ml.advance(days=2)
"""
    + UNMET
)


def ended(folder: Path, conftest: str, tests: str) -> str:
    """What pytest says of these tests of a project."""
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_own.py").write_text(tests)
    command = [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_a_project_tests_its_own_code_with_them(tmp_path: Path) -> None:
    said = ended(tmp_path, "", TESTS)
    assert "3 passed, 1 error" in said, said[-3000:]
    assert "not met as often as asked for: jobs.create status" in said


def test_a_project_may_name_what_pytest_has_loaded(tmp_path: Path) -> None:
    said = ended(tmp_path, CONFTEST, UNMET)
    assert "1 passed, 1 error" in said, said[-3000:]
    assert "not met as often as asked for: jobs.create status" in said
