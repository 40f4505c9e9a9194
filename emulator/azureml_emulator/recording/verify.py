"""Replays a recording against an emulator and says where status or shape of the answers differ.

It must not change a recording. Addresses that the service made up (operations, next pages) are followed by those that
the emulator made up in their place.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from azureml_emulator.recording import shape
from azureml_emulator.recording.exchange import Exchange

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
    for one in _without_polls(exchanges):
        if urlsplit(one.url).netloc.startswith("login."):
            continue
        url = instead.get(one.url, one.url)
        body = json.dumps(one.sent).encode() if one.sent is not None else bytes(one.sent_bytes) or None
        status, headers, answer = send(one.method, url, body, one.sent_headers)
        instead |= {one.headers[name]: headers[name] for name in MADE_UP if name in one.headers and name in headers}
        instead |= dict(_links(one.received, answer))
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


def _links(real: Any, emulated: Any) -> Iterator[tuple[str, str]]:
    if isinstance(real, dict) and isinstance(emulated, dict) and real.get("nextLink") and emulated.get("nextLink"):
        yield str(real["nextLink"]), str(emulated["nextLink"])
