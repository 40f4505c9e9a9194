"""Real SDK clients that talk to a real emulator process, or with `--target azure` to a real workspace."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops.emulator import process
from mlops.emulator.address import Address

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="session")
def emulator_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """An emulator with an empty folder; this process's environment points at it for the whole session."""
    folder: Path = tmp_path_factory.mktemp("emulator")
    address = process.launch(folder)
    before = dict(os.environ)
    os.environ.update(process.variables(address))
    yield address
    os.environ.clear()
    os.environ.update(before)
    process.stop(folder)


@pytest.fixture(scope="session")
def ml_client(emulator_address: Address) -> "MLClient":
    """An unmodified MLClient for the default workspace."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    names = process.workspace()
    return MLClient(
        DefaultAzureCredential(),
        names["AZURE_SUBSCRIPTION_ID"],
        names["AZURE_RESOURCE_GROUP"],
        names["AZURE_ML_WORKSPACE"],
    )


@pytest.fixture(scope="session")
def registry_client(emulator_address: Address) -> "MLClient":
    """An unmodified MLClient for the system registry."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    return MLClient(DefaultAzureCredential(), registry_name="azureml")
