"""A plugin of pytest: real SDK clients of a real emulator, or with `--target azure` of a real workspace."""

import json
import os
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from azureml_emulator import process
from azureml_emulator.http.address import Address
from azureml_emulator.pytest_plugin import AzureMl

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


WORKSPACE = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_ML_WORKSPACE")
Call = Callable[..., urllib3.BaseHTTPResponse]
shared: list[AzureMl] = []  # the emulator of this process, when a test has asked for it


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the contract tests look, at the emulator or at a real workspace, and from where the wheel's needs come."""
    parser.addoption("--target", choices=("emulator", "azure"), default="emulator", help="of the contract tests")
    parser.addoption("--from-index", action="store_true", help="install what the wheel needs with pip, as its users do")


def on_azure(config: pytest.Config) -> bool:
    """Whether the contract is tested against the service itself."""
    return bool(config.getoption("--target") == "azure")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The SDK warns of its own use of marshmallow and of its sister packages; that is not ours to mend."""
    for item in items:
        if item.path.parent.name == "contract":
            for module in ("azure", "marshmallow"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore::DeprecationWarning:{module}"))


@pytest.fixture(scope="session")
def emulator_address(request: pytest.FixtureRequest) -> Address:
    """An emulator with an empty folder; this process's environment points at it for the whole session.

    With `--target azure` a test that asks for it is skipped: it moves a clock, sets a quota or asks for a fault.
    """
    if on_azure(request.config):
        pytest.skip("steers the emulator; there is none with --target azure")
    started: AzureMl = request.getfixturevalue("azure_ml")
    shared.append(started)
    return started.address


@pytest.fixture(scope="module", autouse=True)
def left_as_found() -> Iterator[None]:
    """The files of a worker share an emulator: who leaves a role or a fault there fails, and not the file after it."""
    yield
    for started in shared:
        stated = process.control(started.address, "GET", "/access")
        left = {name: found for name, found in stated.items() if found} | {"faults": started.faults()}
        if any(left.values()):
            started.access(federated_credentials=[], role_assignments=[])
            started.forget_faults()
        assert left == {"faults": []}


def caller(address: Address) -> Call:
    """A raw call through the proxy: `api("GET", url, body=None, token=True, **headers)`; `_` in a header is `-`.

    A dict as body is sent as JSON. The token is one for Azure Resource Manager, of the emulator that this process uses.
    """
    from azure.identity import DefaultAzureCredential

    pool = urllib3.ProxyManager(address.proxy_url, ca_certs=address.ca_file)
    bearer = DefaultAzureCredential().get_token("https://management.azure.com/.default").token
    of_host = cache(lambda host: pool.connection_from_host(host, 443, "https"))  # to find it takes a fifth of a call

    def call(
        method: str, url: str, body: Any = None, *, token: bool = True, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {bearer}"
        if isinstance(body, dict):
            body, sent["Content-Type"] = json.dumps(body), "application/json"
        host, _, target = url.removeprefix("https://").partition("/")
        found: urllib3.BaseHTTPResponse = of_host(host).urlopen(
            method, f"/{target}", body=body, headers=sent, retries=False, redirect=False
        )
        return found

    return call


@pytest.fixture(scope="session")
def api(emulator_address: Address) -> Call:
    """Raw calls to the emulator that the files of a worker share."""
    return caller(emulator_address)


@pytest.fixture(scope="session")
def sdk_imported() -> None:
    """The SDK warns of its own use of marshmallow while it is imported; that is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import azure.ai.ml
        import azure.ai.ml.dsl

        assert azure.ai.ml.MLClient


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> dict[str, str]:
    """The names of the workspace: of a fresh emulator, or with `--target azure` of your own environment."""
    if not on_azure(request.config):
        request.getfixturevalue("emulator_address")
        return process.workspace()
    missing = [name for name in WORKSPACE if not os.environ.get(name)]
    if missing:
        pytest.skip(f"--target azure needs {', '.join(missing)}, of a workspace that may be changed")
    return {name: os.environ[name] for name in WORKSPACE}


@pytest.fixture(scope="session")
def ml_client(place: dict[str, str], sdk_imported: None) -> "MLClient":
    """An unmodified MLClient for the workspace."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    names = place
    return MLClient(
        DefaultAzureCredential(),
        names["AZURE_SUBSCRIPTION_ID"],
        names["AZURE_RESOURCE_GROUP"],
        names["AZURE_ML_WORKSPACE"],
    )


@pytest.fixture(scope="session")
def registry_client(place: dict[str, str], sdk_imported: None) -> "MLClient":
    """An unmodified MLClient for the system registry."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    return MLClient(DefaultAzureCredential(), registry_name="azureml")
