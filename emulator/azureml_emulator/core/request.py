"""What a handler gets and gives: a request already read, and a reply not yet sent.

It must not know ASGI or any resource.
"""

import base64
import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO, Self
from urllib.parse import parse_qsl

from azureml_emulator.core.errors import ServiceError

Json = dict[str, Any]
Content = bytes | bytearray
LARGE = 256 * 1024  # bytes of a body that are worth care: more are read into their place and sent piece by piece


def whole(stated: Any, default: int, name: str) -> int:
    """A count that a call gives, or the default where it gives none. Raises a 400 for what is no number from 1 on."""
    if stated in (None, ""):
        return default
    if not str(stated).isdecimal() or int(stated) == 0:
        raise ServiceError(
            400, "BadRequest", f"Invalid value {stated!r} for parameter '{name}': not a positive number."
        )
    return int(stated)


@dataclass(frozen=True)
class InjectedFailure:
    """How work that was accepted ends because a fault was asked for: of a job, in which step and state."""

    code: str
    message: str
    step: str = ""
    state: str = "Failed"


@dataclass(frozen=True)
class FilePart:
    """Bytes of an open file, which are read as they are sent. Who is given it closes it."""

    file: BinaryIO
    begin: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, first: int, last: int) -> bytes:
        """Those from `first` to before `last`. Raises OSError where the file ends before."""
        self.file.seek(self.begin + first)
        if len(data := self.file.read(last - first)) < last - first:
            raise OSError(errno.EIO, "a file ended before its bytes were sent")
        return data


@dataclass(frozen=True)
class Request:
    """One HTTP request. `host` has no port; `path` is percent-decoded; `params` are the route's captured parts."""

    method: str
    host: str
    path: str
    raw_path: str = ""
    query_string: str = ""
    headers: Mapping[str, str] = field(
        default_factory=dict
    )  # lower-case names, but for metadata's own after x-ms-meta-
    body: Content = b""
    params: Mapping[str, str] = field(default_factory=dict)
    injected: list[InjectedFailure] = field(default_factory=list)  # taken by the operation that the request begins

    def with_params(self, params: Mapping[str, str]) -> "Request":
        """The same with a route's captured parts; what was worked out of it stays known, as the query."""
        made = object.__new__(Request)
        vars(made).update(vars(self), params=params)
        return made

    @cached_property
    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one, the last."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def md5(self) -> str:
        """The MD5 of the body, as storage writes it. It takes milliseconds for some MiB, in which Python goes on."""
        return base64.b64encode(hashlib.md5(self.body, usedforsecurity=False).digest()).decode()

    def json(self) -> Json:
        """The body as a JSON object. An empty body is an empty object. Raises a 400 as Azure does."""
        if not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ServiceError(400, "InvalidRequestContent", f"The request content was invalid: {error}") from None
        if not isinstance(value, dict):
            raise ServiceError(400, "InvalidRequestContent", "The request content was invalid: expected an object.")
        return value

    def form(self) -> dict[str, str]:
        """The body as an HTML form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def url(self) -> str:
        """Scheme, host and path, without the query."""
        return f"https://{self.host}{self.path}"


@dataclass(frozen=True)
class Reply:
    """One HTTP answer. `body` is JSON when it is a dict or list; bytes, text or a part of a file otherwise."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None  # after so many bytes of the body the connection is closed; -1: nothing is sent at all

    def content(self) -> tuple[bytes | FilePart, str | None]:
        """The bytes to send and the content type that belongs to them unless `headers` names one."""
        if self.body is None:
            return b"", None
        if isinstance(self.body, bytes | FilePart):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), "text/plain; charset=utf-8"
        return json.dumps(self.body).encode(), "application/json; charset=utf-8"
