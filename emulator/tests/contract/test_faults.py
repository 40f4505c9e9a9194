"""Faults as clients meet them: the SDK's retries, lost connections, operations that fail, throttling."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from click.testing import CliRunner

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import Call, arm, delete_endpoint, make_endpoint

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

DATA = "data/faulty/versions"
STATED: dict[str, Any] = {"properties": {"dataType": "uri_file", "dataUri": "https://example.org/a.jsonl"}}


class Control:
    """The faults of the emulator, for a test to ask for and to look at."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def ask(self, *rules: str) -> None:
        for rule in rules:
            process.control(self._address, "POST", "/faults", {"rule": rule})

    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = process.control(self._address, "GET", "/faults")["faults"]
        return found

    def clear(self) -> None:
        process.control(self._address, "DELETE", "/faults")


@pytest.fixture
def control(emulator_address: Address) -> Iterator[Control]:
    found = Control(emulator_address)
    found.clear()  # of what others asked for and met
    yield found
    found.clear()


def test_the_sdk_waits_out_a_throttled_call(ml_client: "MLClient", control: Control) -> None:
    from azure.ai.ml.entities import Data

    control.ask("data.create_version faulty: 429 twice with x-ms-retry-after-ms 50")
    made = ml_client.data.create_or_update(
        Data(name="faulty", version="1", path="https://example.org/a", type="uri_file")
    )
    assert made.version == "1"
    assert [(one["count"], one["met"]) for one in control.faults()] == [(2, True)]


def test_a_slow_answer_comes_at_once_when_the_fault_is_taken_away(api: Call, control: Control) -> None:
    control.ask("data.get_version slow: slow 3600 s")
    with ThreadPoolExecutor() as beside:
        answer = beside.submit(api, "GET", arm("data/slow/versions/1"))
        while not control.faults()[0]["met"]:
            time.sleep(0.01)
        control.clear()
        assert answer.result().status == 404


def test_a_connection_is_reset_before_or_after_the_call_was_applied(api: Call, control: Control) -> None:
    control.ask("data.put_version before: reset before", "data.put_version after: reset after")
    for version, status in (("before", 404), ("after", 200)):
        with pytest.raises(urllib3.exceptions.HTTPError, match=r"RemoteDisconnected|ConnectionResetError"):
            api("PUT", arm(f"{DATA}/{version}"), STATED)
        assert api("GET", arm(f"{DATA}/{version}")).status == status
    assert all(one["met"] for one in control.faults())


def test_an_answer_is_cut_and_the_next_is_whole(api: Call, control: Control) -> None:
    api("PUT", arm(f"{DATA}/cut"), STATED)
    control.ask("data.get_version cut: truncated at 20 bytes")
    with pytest.raises(urllib3.exceptions.ProtocolError, match=r"20 bytes read"):
        api("GET", arm(f"{DATA}/cut"))
    assert api("GET", arm(f"{DATA}/cut")).json()["name"] == "cut"


def test_what_is_there_is_not_found_for_a_moment(api: Call, control: Control) -> None:
    api("PUT", arm(f"{DATA}/late"), STATED)
    control.ask("data.get_version late: 404 twice")
    assert [api("GET", arm(f"{DATA}/late")).status for _ in range(3)] == [404, 404, 200]


def test_an_operation_fails_as_asked_and_a_refused_call_leaves_the_rule(
    api: Call, ml_client: "MLClient", control: Control
) -> None:
    from azure.core.exceptions import HttpResponseError

    control.ask("endpoints.put: operation fails ResourceNotReady")
    assert api("PUT", arm("onlineEndpoints/x"), {"location": "eastus"}).status == 400
    assert not control.faults()[0]["met"]
    with pytest.raises(HttpResponseError, match="ResourceNotReady"):
        make_endpoint(ml_client, "faulty-endpoint")
    assert ml_client.online_endpoints.get("faulty-endpoint").provisioning_state == "Failed"
    assert control.faults()[0]["met"]
    make_endpoint(ml_client, "faulty-endpoint")
    delete_endpoint(ml_client, "faulty-endpoint")


def test_the_command_line_asks_shows_and_clears(emulator_address: Address, api: Call, control: Control) -> None:
    from azureml_emulator.cli.main import command

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(command, [*words, "--state", emulator_address.folder])
        return done.exit_code, done.output

    assert run("fault", "data.get_version: 500 once")[0] == 0
    code, shown = run("faults", "--check")
    assert (code, "data.get_version" in shown, "0 of 1" in shown) == (1, True, True)
    assert api("GET", arm(f"{DATA}/any")).status == 500
    assert run("faults", "--check")[0] == 0
    assert run("faults", "--clear")[0] == 0
    assert control.faults() == []


def test_a_read_lags_one_change_behind(api: Call, control: Control) -> None:
    address = arm(f"{DATA}/lags")
    control.ask("data.get_version lags: stale once")
    api("PUT", address, STATED)
    assert api("GET", address).json()["properties"]["description"] is None, "what never changed cannot be stale"
    api("PUT", address, {"properties": {**STATED["properties"], "description": "newer"}})
    assert [api("GET", address).json()["properties"]["description"] for _ in range(2)] == [None, "newer"]
    assert [one["met"] for one in control.faults()] == [True]
