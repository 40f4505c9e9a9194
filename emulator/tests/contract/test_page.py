"""The emulator's own page, from its control port."""

import re
import urllib.request
from html.parser import HTMLParser
from typing import Any
from urllib.error import HTTPError

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.jobs import ended

NAME = "<script>alert(1)</script>"


class Words(HTMLParser):
    """The text of a page and the elements that are in it."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - the parser calls it so
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def read(emulator_address: Address) -> Any:
    """`read("/path", **headers)`: the page's text and elements."""

    def page(path: str, **headers: str) -> Words:
        request = urllib.request.Request(f"{emulator_address.control_url}{path}", headers=headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("text/html")
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            found = Words()
            found.feed(answer.read().decode())
            return found

    return page


@pytest.fixture(scope="module")
def job(ml_client: Any) -> str:
    """A command job that ended, with a name to be displayed that is markup."""
    from azure.ai.ml import command
    from azure.ai.ml.entities import AmlCompute, Environment

    cluster = AmlCompute(name="page", size="Standard_DS3_v2", min_instances=0, max_instances=1)
    ml_client.compute.begin_create_or_update(cluster).result()
    environment = Environment(name="plain", version="1", image="python:3.11")
    wanted = command(command="echo from the job", environment=environment, compute="page", display_name=NAME)
    made = ml_client.jobs.create_or_update(wanted)
    assert ended(ml_client, made.name) == "Completed"
    return str(made.name)


def test_the_overview_shows_jobs_resources_and_requests(read: Any, job: str) -> None:
    found = read("/")
    assert NAME in found.text
    assert found.tags.count("script") == 1, "what a client sent is text and never markup"
    for words in ("Command", "Completed", "workspaces", "management.azure.com"):
        assert words in found.text


def test_a_job_shows_its_log(read: Any, job: str) -> None:
    assert "from the job" in read(f"/jobs/{job}").text


def test_resources_show_what_is_kept_and_no_credentials(read: Any, ml_client: Any) -> None:
    from azure.ai.ml.entities import APIKeyConnection

    wanted = APIKeyConnection(name="shown", api_base="https://example.org", api_key="a-secret-key")
    ml_client.connections.create_or_update(wanted)
    text = read("/resources/connections").text
    ml_client.connections.delete("shown")
    assert "https://example.org" in text
    assert not re.search("a-secret-key", text)


@pytest.mark.parametrize("headers", [{"Host": "evil.example:80"}, {"Origin": "https://evil.example:443"}])
def test_a_page_of_another_site_is_refused(read: Any, headers: dict[str, str]) -> None:
    with pytest.raises(HTTPError, match="403"):
        read("/", **headers)


def test_faults_that_wait_are_shown(read: Any, emulator_address: Address) -> None:
    process.control(emulator_address, "DELETE", "/faults")  # of tests before
    assert "Faults" not in read("/").text
    process.control(emulator_address, "POST", "/faults", {"rule": "jobs.create ft-*: 429 TooBusy twice"})
    try:
        text = read("/").text
    finally:
        process.control(emulator_address, "DELETE", "/faults")
    assert all(part in text for part in ("Faults", "jobs.create", "ft-*", "status 429 TooBusy", "0 of 2", "waits"))


def test_an_endpoint_has_a_page_and_one_that_never_was_has_none(read: Any, ml_client: Any) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="page-chat")).result()
    assert "Endpoint page-chat" in read("/endpoints/page-chat").text
    ml_client.online_endpoints.begin_delete("page-chat").result()
    with pytest.raises(HTTPError, match="404"):
        read("/endpoints/never-was")
