"""The fixtures that another project imports, in a run of pytest of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = 'pytest_plugins = ["azureml_emulator.pytest_plugin"]\n'
TESTS = """
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

def test_a_fault_that_is_never_met(azure_ml_fault):
    azure_ml_fault("jobs.create: 500")
"""


@pytest.mark.parametrize("named", [False, True], ids=["loaded by pytest", "named by the project"])
def test_a_project_tests_its_own_code_with_them(tmp_path: Path, named: bool) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST if named else "")
    (tmp_path / "test_own.py").write_text(TESTS)
    command = [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "3 passed, 1 error" in done.stdout, done.stdout[-3000:]
    assert "not met as often as asked for: jobs.create status" in done.stdout
