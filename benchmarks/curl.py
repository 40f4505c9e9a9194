"""Many calls at once by one curl, which takes less of the machine than any server here, over TLS and proxies."""

import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
TOLD = "%{http_code} %{size_upload} %{size_download} %{time_pretransfer} %{time_total}"


@dataclass(frozen=True)
class Reach:
    """How a server is reached: its process, whose threads are all that it has, and what curl needs to trust it."""

    pid: int
    authority: str = ""
    proxy: str = ""

    def lines(self) -> list[str]:
        """Of curl's configuration."""
        trusted = [f'cacert = "{self.authority}"'] if self.authority else []
        return trusted + ([f'proxy = "{self.proxy}"'] if self.proxy else [])


@dataclass(frozen=True)
class Answered:
    """One call. Seconds are those after the connection was there."""

    status: int
    sent: int
    received: int
    seconds: float


@dataclass(frozen=True)
class Done:
    """All calls: seconds from the first to the last, and those of a processor that the server took."""

    calls: Sequence[Answered]
    seconds: float
    cpu: float


def header(name: str, text: str) -> str:
    """A line of curl's configuration."""
    return f'header = "{name}: {text}"'


def call(reach: Reach, clients: int, requests: Iterable[Sequence[str]], folder: Path) -> Done:
    """Make the requests, each of which is lines of curl's configuration, so many at once."""
    common = [*reach.lines(), 'header = "Expect:"', 'output = "/dev/null"', f'write-out = "{TOLD}\\n"', "silent"]
    asked = "\nnext\n".join("\n".join([*one, *common]) for one in requests)
    (folder / "curl").write_text(asked, encoding="utf-8")
    command = ["curl", "--parallel", "--parallel-immediate", "--parallel-max", str(clients), "--http1.1"]
    command += ["--no-progress-meter", "--config", str(folder / "curl")]
    spent, begun = seconds(reach.pid), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took, spent = time.perf_counter() - begun, seconds(reach.pid) - spent
    rows = [line.split() for line in done.stdout.splitlines()]
    calls = [Answered(int(row[0]), int(row[1]), int(row[2]), float(row[4]) - float(row[3])) for row in rows]
    return Done(calls, took, spent)


def seconds(pid: int) -> float:
    """Of a processor that a process took, of its own and of the system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
