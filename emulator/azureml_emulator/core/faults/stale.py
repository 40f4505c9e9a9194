"""Remembers what reads were answered, for answers that are one change behind, as of a replica that lags.

It must not decide whether a fault is met (`registry`). It is kept in memory only: a restart forgets it.
"""

from collections import OrderedDict

from azureml_emulator.core.request import LARGE, FilePart, Reply, Request

MOST = 500  # addresses


class Answers:
    """Of each address the newest answer, and the newest one that said something else."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Reply, Reply | None]] = OrderedDict()

    def note(self, request: Request, reply: Reply) -> Reply | None:
        """Remember an answer to a GET; what was said before it changed, None where that is not known."""
        if request.method != "GET" or (isinstance(reply.body, bytes | str | FilePart) and len(reply.body) > LARGE):
            return None
        key = f"{request.url}?{request.query_string}"
        newest, before = self._known.pop(key, (reply, None))
        if newest.body != reply.body:
            before = newest
        self._known[key] = (reply, before)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return before
