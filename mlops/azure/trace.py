"""Tells each call that leaves this process, with its status and time, for `-v`."""

import time
from collections.abc import Callable
from typing import Any


def calls(say: Callable[[str], None]) -> None:
    """Tell every HTTP call from now on, of all clients alike. Queries are left out: they hold signatures."""
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def timed(self: HTTPAdapter, request: Any, *arguments: Any, **options: Any) -> Any:
        begun, status = time.monotonic(), "no answer"
        try:
            response = send(self, request, *arguments, **options)
            status = str(response.status_code)
            return response
        finally:
            place, milliseconds = str(request.url).partition("?")[0], 1000 * (time.monotonic() - begun)
            say(f"{request.method} {place} {status} {milliseconds:.0f} ms")

    HTTPAdapter.send = timed  # type: ignore[method-assign]
