"""What answers in Azure's place, such as a proxy that wants a person to sign in, is told as what it is."""

from typing import Any

import pytest
import requests
from azure.core.exceptions import DecodeError, HttpResponseError

from mlops.azure.failures import Transient, of_an_answer, translated
from mlops.azure.target import Target
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.cli.session import Session
from mlops.errors import RemoteFailed
from tests.torture import trouble


class Token:
    """A credential that asks nobody."""

    def get_token(self, *_: str, **__: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken("x", 4_000_000_000)


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr("time.sleep", lambda _: None)
    return Workspace(Target("azure", "s", "g", "w", ""), Token())


@pytest.mark.parametrize("body", ["html", "text", "null", "cut"])
def test_a_success_that_holds_no_object_is_asked_for_again_and_then_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    raw = {**trouble.BODIES, "cut": b'{"properties": {"provis'}[body]
    asked = []

    def answer(_: Any, request: Any, *__: Any, **___: Any) -> requests.Response:
        asked.append(request.url)
        return trouble.answer(request, 200, raw, {"Content-Type": "text/html"})

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", answer)
    with pytest.raises(Transient, match="what answered is not Azure"):
        workspace.send("GET", "https://management.azure.com/x", "look")
    assert len(asked) > 1


def test_what_the_sdk_cannot_read_may_be_tried_again() -> None:
    class Answer:
        status_code, reason = 200, "OK"

        def text(self) -> str:
            return "<html>"

    with pytest.raises(Transient, match="what answered is not Azure"), translated("look"):
        raise DecodeError("no JSON", response=Answer())
    assert issubclass(DecodeError, HttpResponseError)


def test_a_fault_of_ours_over_an_answer_is_told_as_such_and_any_other_is_a_bug() -> None:
    def reads_an_answer() -> None:
        plain_tags(3)  # type: ignore[arg-type]

    def is_a_bug() -> None:
        raise KeyError("ours")

    with pytest.raises(RemoteFailed, match=r"what answered is not Azure"):
        Session()._understood(reads_an_answer)
    with pytest.raises(KeyError) as bug:
        Session()._understood(is_a_bug)
    assert of_an_answer(bug.value) is None
