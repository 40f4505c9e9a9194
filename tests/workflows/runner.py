"""An imitation of how GitHub's runner starts a step and how it cancels one.

A step is a script file that bash runs with `-e`, in a process of its own. A cancellation signals that one process and
not its children: SIGINT, after 7.5 seconds SIGTERM, after 2.5 more the whole tree is killed. Source: ProcessInvoker of
actions/runner, and GitHub's page on canceling workflow runs.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

AFTER_SIGINT = 7.5
AFTER_SIGTERM = 2.5


@dataclass(frozen=True)
class Ended:
    """How a canceled step ended: which signals it took, after how long, and with which exit code."""

    signals: tuple[str, ...]
    seconds: float
    code: int


def start(command: str, folder: Path, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """A step with this `run:` line, as `shell: bash` starts it."""
    script = folder / "step.sh"
    script.write_text(command + "\n", encoding="utf-8")
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    return subprocess.Popen(
        shell,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def cancel(step: "subprocess.Popen[str]", *, pace: float = 1.0) -> Ended:
    """Cancel a step; `pace` 0.1 waits a tenth of what the runner waits."""
    begun, sent = time.monotonic(), []
    for name, number, patience in (
        ("SIGINT", signal.SIGINT, AFTER_SIGINT),
        ("SIGTERM", signal.SIGTERM, AFTER_SIGTERM),
    ):
        sent.append(name)
        step.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            step.wait(patience * pace)
            break
    else:
        sent.append("SIGKILL")
    took = time.monotonic() - begun
    with suppress(ProcessLookupError):  # the runner ends what a step leaves behind, too
        os.killpg(step.pid, signal.SIGKILL)
    return Ended(tuple(sent), took, step.wait())
