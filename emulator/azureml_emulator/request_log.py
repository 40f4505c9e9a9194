"""`requests.log` in the folder: a line of JSON for each call that was answered, without what signs it.

It must not read what it wrote: a page, a test or another program does.
"""

import json
import os
import re
import time
from contextlib import suppress

from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra import tokens

NAME = "requests.log"
SECRET = re.compile(r"(?i)\b(sig|token|code|key|password|client_secret|assertion)=[^&]*")  # in a query


class RequestLog:
    """The file of one emulator, kept open: to open it for each line took a tenth of a call."""

    def __init__(self, emulator: Emulator) -> None:
        self._path = emulator.folder / NAME
        self._file: int | None = None

    def note(self, request: Request, reply: Reply, seconds: float) -> None:
        """Write a line before the answer is sent, so that whoever has the answer finds it. A full disk is no error."""
        query = SECRET.sub(r"\1=...", request.query_string) if request.query_string else ""
        line = {"at": time.time(), "method": request.method, "url": request.url, "query": query}
        if client := tokens.client_of(request.headers.get("authorization", "")):
            line["client"] = client
        line |= {"status": reply.status, "ms": round(seconds * 1000, 1)}
        with suppress(OSError):
            if self._file is None:
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(self._file, f"{json.dumps(line)}\n".encode())

    def close(self) -> None:
        """The end."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
