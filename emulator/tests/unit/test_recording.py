"""Recordings of the real service: what is taken out of them, and how answers are compared."""

import json
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.core import defaults
from azureml_emulator.recording import shape
from azureml_emulator.recording.exchange import BadRecording, Exchange, read, write
from azureml_emulator.recording.sanitise import Sanitiser
from azureml_emulator.recording.verify import Answer, verify

SUBSCRIPTION = "5f3a1c2e-1111-4222-8333-444455556666"
WORKSPACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-contoso/providers/X/workspaces/ml-contoso"
ARM = "https://management.azure.com"


def kept(**fields: Any) -> Exchange:
    """What is kept of an exchange."""
    return Sanitiser().exchange(Exchange(**{"method": "GET", "url": f"{ARM}{WORKSPACE}", "status": 200, **fields}))


def test_the_names_of_a_tenant_become_those_of_a_fresh_emulator() -> None:
    found = kept(received={"id": WORKSPACE, "other": WORKSPACE.replace("ml-contoso", "ml-second")})
    home = f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/{defaults.RESOURCE_GROUP}/providers/X"
    assert found.url == f"{ARM}{home}/workspaces/{defaults.WORKSPACE}"
    assert found.received["id"] == f"{home}/workspaces/{defaults.WORKSPACE}"
    assert found.received["other"] == f"{home}/workspaces/{defaults.WORKSPACE}2"


@pytest.mark.parametrize(
    "fields",
    [
        {"sent_headers": {"authorization": "Bearer SECRET", "cookie": "SECRET"}},
        {"headers": {"set-cookie": "SECRET", "x-ms-client": "SECRET"}},
        {"received": {"primaryKey": "SECRET", "nested": [{"sasToken": "SECRET", "accessToken": "SECRET"}]}},
        {"received": {"credentials": {"anything": "SECRET"}}},
        {"received": {"createdBy": "SECRET", "contact": "secret.person@contoso.com"}},
        {"url": f"{ARM}{WORKSPACE}/datastores/x/listSecrets", "received": {"key": "SECRET"}},
        {"url": "https://login.microsoftonline.com/t/oauth2/v2.0/token", "received": {"x": "SECRET"}},
        {
            "url": "https://pipelines.actions.githubusercontent.com/x/idtoken",
            "received": {"count": 9, "value": "SECRET"},
        },
        {"url": "https://run-actions-1.actions.githubusercontent.com/idtoken", "received": {"value": "SECRET"}},
        {"url": "https://stcontoso.blob.core.windows.net/c/f?sv=2024&sp=r&sig=SECRET", "sent": {"text": "SECRET"}},
        {"url": "https://e.eastus.inference.ml.azure.com/score", "sent": {"prompt": "SECRET"}, "received": ["SECRET"]},
        {"received": {"uri": "https://stcontoso.blob.core.windows.net/c/f?sp=r&sig=SECRET"}},
        {"headers": {"location": "https://stcontoso.blob.core.windows.net/c?sig=SECRET"}},
    ],
)
def test_no_secret_and_no_person_is_kept(fields: dict[str, Any]) -> None:
    text = json.dumps(vars(kept(**fields))).lower()
    for word in ("secret@", "secret.person", '"secret', "=secret", " secret", "contoso"):
        assert word not in text


def test_an_identifier_is_the_same_one_everywhere() -> None:
    sanitiser = Sanitiser()
    guid = "0f3a1c2e-aaaa-4222-8333-444455556666"
    first, second = (sanitiser.text(f"x{guid}y"), sanitiser.text(guid.upper()))
    assert first == f"x{second}y"
    assert guid not in first


def test_metrics_and_tags_keep_their_keys() -> None:
    body = {"metrics": [{"key": "eval_loss", "value": 1.5}], "keyType": "Primary"}
    assert kept(received=body).received == body


def test_shapes_differ_by_what_is_missing_or_otherwise() -> None:
    real = {"a": {"b": 1, "c": "x"}, "list": [{"d": 1}], "n": None, "gone": {"deep": {"er": 1}}}
    emulated = {"a": {"b": "1", "c": None}, "list": [], "more": True}
    lacking, more = shape.differences(real, emulated)
    assert lacking == ["a.b is text and not number", "gone is missing (object)"]
    assert more == ["more"]
    assert shape.differences(real, real) == ([], [])


def test_made_up_addresses_are_followed_and_polls_are_asked_once() -> None:
    asked: list[str] = []

    def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        asked.append(f"{method} {url}")
        if method == "PUT":
            return 201, {"azure-asyncoperation": "https://x/ours"}, {"name": "e"}
        return 200, {}, {"status": "Succeeded"}

    put = Exchange("PUT", "https://x/e", {"a": 1}, status=201, headers={"azure-asyncoperation": "https://x/theirs"},
                   received={"name": "e", "location": "l"})  # fmt: skip
    poll = Exchange("GET", "https://x/theirs", status=200, received={"status": "InProgress"})
    found = list(verify([put, poll, poll, poll], send))
    assert asked == ["PUT https://x/e", "GET https://x/ours"]
    assert [one.lacking for one in found] == [["location is missing (text)"], []]
    assert [one.differs for one in found] == [True, False]


@pytest.mark.parametrize("under_way", ["InProgress", "Creating", "Updating", "Deleting"])
def test_what_the_service_had_done_is_waited_for(under_way: str) -> None:
    said = iter([under_way, "Succeeded"])
    poll = Exchange("GET", "https://x/theirs", status=200, received={"status": "Succeeded", "endTime": "t"})
    found = list(verify([poll], lambda *_: (200, {}, {"status": next(said), "endTime": "t"})))
    assert next(said, None) is None
    assert not any(one.differs for one in found)


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    one = Exchange("GET", "https://x", status=204)
    assert write(path, [one, one]) == 2
    assert list(read(path)) == [one, one]
    path.write_text('{"method": "GET"}\nnonsense\n')
    with pytest.raises(BadRecording, match="line 1"):
        list(read(path))
