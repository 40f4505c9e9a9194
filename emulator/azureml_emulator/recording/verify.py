"""Replays a recording against an emulator and says where status or shape of the answers differ.

It must not change a recording. What the service made up (addresses of operations and next pages, ids of resources whose
name it chose) is followed by what the emulator made up in its place.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from azureml_emulator.recording import shape
from azureml_emulator.recording.exchange import Exchange
from azureml_emulator.recording.sanitise import is_sign_in

_MOST_POLLS, _POLL_SECONDS = 100, 0.1
_UNDER_WAY = ("InProgress", "NotStarted", "Running", "Accepted", "Creating", "Updating", "Deleting")
MADE_UP = ("location", "azure-asyncoperation")
Answer = tuple[int, dict[str, str], Any]
Send = Callable[[str, str, bytes | None, dict[str, str]], Answer]


@dataclass(frozen=True)
class Finding:
    """One call that was answered otherwise."""

    call: str
    status: tuple[int, int] | None  # real, emulated
    lacking: list[str]
    more: list[str]

    @property
    def differs(self) -> bool:
        """Whether a program could notice; fields that are there in addition do no harm."""
        return self.status is not None or bool(self.lacking)


def verify(exchanges: Iterable[Exchange], send: Send) -> Iterator[Finding]:
    """Replay in order; one finding for each call that was compared."""
    instead: dict[str, str] = {}
    ids: dict[str, str] = {}
    for one in _without_polls(exchanges):
        if is_sign_in(urlsplit(one.url).netloc):
            continue
        url = _renamed(instead.get(one.url, one.url), ids)
        sent = _renamed(json.dumps(one.sent), ids).encode() if one.sent is not None else bytes(one.sent_bytes) or None
        status, headers, answer = _settled(one, partial(send, one.method, url, sent, one.sent_headers))
        instead |= {one.headers[name]: headers[name] for name in MADE_UP if name in one.headers and name in headers}
        instead |= dict(_links(one.received, answer))
        ids |= dict(_ids(one.received, answer))
        lacking, more = shape.differences(one.received, answer) if one.received is not None else ([], [])
        parts = urlsplit(one.url)
        call = f"{one.method} {parts.netloc}{parts.path}"
        yield Finding(call, None if status == one.status else (one.status, status), lacking, more)


def _without_polls(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """Of the same GET again and again, only the last."""
    before: Exchange | None = None
    for one in exchanges:
        if before and not (one.method == before.method == "GET" and one.url == before.url):
            yield before
        before = one
    if before:
        yield before


def _settled(one: Exchange, ask: Callable[[], Answer]) -> Answer:
    """The answer; to the last poll of what the service had done by then, the one that says so here, too."""
    for _ in range(_MOST_POLLS):
        status, headers, answer = ask()
        if one.method != "GET" or _is_open(one.status, one.received) or not _is_open(status, answer):
            break
        time.sleep(_POLL_SECONDS)
    return status, headers, answer


def _is_open(status: int, answer: Any) -> bool:
    said = str(answer.get("status") or "") if isinstance(answer, dict) else ""
    return status == 202 or said in _UNDER_WAY


def _renamed(text: str, ids: dict[str, str]) -> str:
    for real, emulated in ids.items():
        text = text.replace(real, emulated)
    return text


def _ids(real: Any, emulated: Any) -> Iterator[tuple[str, str]]:
    """The id of a resource whose name each service chose for itself, and its name."""
    if not (isinstance(real, dict) and isinstance(emulated, dict)):
        return
    ids = real.get("id"), emulated.get("id")
    if all(isinstance(id, str) and id.startswith("/") for id in ids) and ids[0] != ids[1]:
        yield str(ids[0]), str(ids[1])


def _links(real: Any, emulated: Any) -> Iterator[tuple[str, str]]:
    if isinstance(real, dict) and isinstance(emulated, dict) and real.get("nextLink") and emulated.get("nextLink"):
        yield str(real["nextLink"]), str(emulated["nextLink"])
