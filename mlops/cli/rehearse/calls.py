"""Counts what each command of a rehearsal asks of the service, from the emulator's log of requests.

Sign-ins, the emulator's own surface and the dataset's host are left out; looks at what is still under way are polls.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mlops import clouds
from mlops.actions import Event, StepEnded
from mlops.errors import Problem, RemoteFailed

LOG = "requests.log"
UNDER_WAY = ("OperationsStatus/", "/mfeOperationResults/", "/user_logs/")
READS_BY_POST = ("/runs:query",)


@dataclass
class CallCounter:
    """Reads the log on after each step of a workflow. `found` and `polls` have the numbers by workflow, job, step."""

    folder: Path
    found: dict[str, int]
    polls: dict[str, int] = field(default_factory=dict)
    _read: int = field(default=0)

    def heard(self, workflow: str, then: Callable[[Event], None]) -> Callable[[Event], None]:
        """A listener to the events of a workflow that counts, and hands each event on."""
        list(self.new())  # of what came before it

        def event(one: Event) -> None:
            if isinstance(one, StepEnded):
                made = tally(self.new())
                if one.step.startswith("mlops "):
                    step = f"{workflow} {one.job}: {one.step}"
                    self.found[step], self.polls[step] = made
            then(one)

        return event

    def new(self) -> Iterator[dict[str, Any]]:
        """The requests that were logged since the last look."""
        try:
            with (self.folder / LOG).open("rb") as log:
                log.seek(self._read)
                lines = log.read()
        except FileNotFoundError:
            return
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read += len(whole)
        yield from map(json.loads, whole.splitlines())


class Tally(NamedTuple):
    """How often the service was asked: calls, and polls, whose number depends on how fast the machine is."""

    calls: int
    polls: int


def tally(requests: Iterable[dict[str, Any]]) -> Tally:
    """Counts the requests to the service."""
    every = [one for one in requests if _asks_service(one)]
    calls = len(calls_among(every))
    return Tally(calls, len(every) - calls)


def calls_among(requests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the requests to the service that are calls and no polls.

    Who looks at a job a second time waits for it: from there on, what is read again is a poll. So the number does not
    depend on how fast the machine is.
    """
    calls, waits = [], False
    seen: set[tuple[str, ...]] = set()
    for request in requests:
        if not is_call(request):
            continue
        place = urlsplit(str(request["url"]))
        if request["method"] in ("GET", "HEAD") or place.path.endswith(READS_BY_POST):
            read = (request["method"], str(request["url"]), str(request.get("query", "")))
            again = read in seen
            seen.add(read)
            waits = waits or (again and "/jobs/" in place.path)
            if again and waits:
                continue
        calls.append(request)
    return calls


def check_hosts(folder: Path, cloud: str) -> None:
    """Raise where hosts of another cloud were asked for. The list of prices is one for two of them."""
    own, hosts = clouds.named(cloud), set()
    with suppress(FileNotFoundError):
        lines = (folder / LOG).read_text(encoding="utf-8").splitlines()
        hosts = {urlsplit(str(json.loads(line)["url"])).hostname or "" for line in lines}
    strange = [
        host
        for host in sorted(hosts)
        if clouds.of_host(host) not in (None, own) and not (own and own.prices.startswith(f"https://{host}/"))
    ]
    if strange:
        raise RemoteFailed(
            Problem(f"not hosts of {cloud}, and were asked for: {', '.join(strange)}", str(folder / LOG))
        )


def is_call(request: Mapping[str, Any]) -> bool:
    """Whether a request asks the service for something else than how far an operation is."""
    return _asks_service(request) and not _under_way(request)


def _asks_service(request: Mapping[str, Any]) -> bool:
    host = urlsplit(str(request["url"])).hostname or ""
    return clouds.of_host(host) is not None and not clouds.signs_in(host)


def _under_way(request: Mapping[str, Any]) -> bool:
    return any(word in urlsplit(str(request["url"])).path for word in UNDER_WAY)
