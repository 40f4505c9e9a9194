"""Which troubles count once, so that the whole form can be run to its end in an hour and not in a day.

- Calls of one address from one place in the product are one class for the verbs of one subject; but what leaves a
  write applied, or the process dead, is tried at every write, as the service is in another state each time.
- A process that is killed leaves nothing but what it wrote: before and after each write is all that there is.
- What nothing tells apart has one that stands for all. azure-core tries 500, 502, 503 and 504 again by one list, and
  the product asks for 500 and more; 401 and 403 are one class (`mlops/azure/failures.py`); a page, a text and null are
  no JSON to `mlops/azure/answers.py`.
- A read applies nothing: a connection that is lost, a time-out, a 503 and an answer that is cut lead to the same read
  once more, as a page and a 429 do, which are tried, and as does a 503 that lasts, which is tried too. It has no
  condition that could fail with 409 or 412; and the clock jumps at writes.

`--every` tries every kind at every call.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.torture.trouble import JUMPS, KILLS, Trouble

_DRAWN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_READING = ("/oauth2/v2.0/token", "/listKeys", "/listSecrets", "/score")  # a POST that changes nothing
STANDS_FOR = {"500": "503", "502": "503", "504": "503", "401": "403", "null": "html", "text": "html"}
AT_EVERY_WRITE = {*KILLS, "reset after", "timeout", "truncated"}
NOT_AT_A_READ = {*KILLS, *JUMPS, "409", "412", "503", "reset before", "reset after", "timeout", "truncated"}

READING = ("404", "empty object", "503 for 5 min", "html", "list", "403", "429")


def reads(call: str) -> bool:
    """Whether a call, as `METHOD address place`, leaves the service as it was."""
    method, address, *_ = call.split(" ")
    return method in ("GET", "HEAD") or address.endswith(_READING)


def rank(call: str, kind: str) -> int:
    """What comes first: all at writes, then at reads what leads furthest from the undisturbed way."""
    return 1 + READING.index(kind) if reads(call) and kind in READING else 0


@dataclass
class Classes:
    """What was met before, by subject."""

    _seen: set[tuple[str, str]] = field(default_factory=set)

    def troubles(self, subject: str, calls: Sequence[str], kinds: Sequence[str]) -> list[Trouble]:
        """Those that stand for all."""
        found = []
        for number, call in enumerate(calls):
            left_out = set(STANDS_FOR) | (NOT_AT_A_READ if reads(call) else set())
            wanted = kinds if self._is_new(subject, call) else () if reads(call) else AT_EVERY_WRITE.intersection(kinds)
            found += [Trouble(kind, number) for kind in kinds if kind in wanted and kind not in left_out]
        return found

    def _is_new(self, subject: str, call: str) -> bool:
        one = subject, _DRAWN.sub("ID", call)
        found = one not in self._seen
        self._seen.add(one)
        return found
