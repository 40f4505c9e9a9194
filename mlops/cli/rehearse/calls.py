"""Counts what each command of a rehearsal asks of the service, from the emulator's log of requests.

Sign-ins, the emulator's own surface and the dataset's host are left out; looks at what is still under way are polls.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlops import clouds
from mlops.actions import Event, StepEnded
from mlops.errors import Problem, RemoteFailed

LOG = "requests.log"
UNDER_WAY = ("OperationsStatus/", "/mfeOperationResults/", "/user_logs/")


@dataclass
class CallCounter:
    """Reads the log on after each step of a workflow. `found` has the numbers by workflow, job and step."""

    folder: Path
    found: dict[str, int]
    _read: int = field(default=0)

    def heard(self, workflow: str, then: Callable[[Event], None]) -> Callable[[Event], None]:
        """A listener to the events of a workflow that counts, and hands each event on."""
        list(self.new())  # of what came before it

        def event(one: Event) -> None:
            if isinstance(one, StepEnded):
                calls = count(self.new())
                if one.step.startswith("mlops "):
                    self.found[f"{workflow} {one.job}: {one.step}"] = calls
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


def count(requests: Iterator[dict[str, Any]]) -> int:
    """The calls to the service among requests.

    Who looks at a job a second time waits for it: from there on, what is read again is a poll. So the number does not
    depend on how fast the machine is.
    """
    calls, waits = 0, False
    seen: set[tuple[str, ...]] = set()
    for request in requests:
        if not is_call(request):
            continue
        place = urlsplit(str(request["url"]))
        if request["method"] in ("GET", "HEAD"):
            read = (request["method"], str(request["url"]), str(request.get("query", "")))
            again = read in seen
            seen.add(read)
            waits = waits or (again and "/jobs/" in place.path)
            if again and waits:
                continue
        calls += 1
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
    place = urlsplit(str(request["url"]))
    host = place.hostname or ""
    asked = clouds.of_host(host) is not None and not clouds.signs_in(host)
    return asked and not any(word in place.path for word in UNDER_WAY)
