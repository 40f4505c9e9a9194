"""An imitation of how GitHub's runner starts a step and how it cancels one.

A step is a script file that bash runs with `-e`, in a process of its own. A cancellation signals that one process and
not its children: SIGINT, after 7.5 seconds SIGTERM, after 2.5 more the whole tree is killed. Source: ProcessInvoker of
actions/runner, and GitHub's page on canceling workflow runs.
"""

import os
import signal
import subprocess
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

AFTER_SIGINT = 7.5
AFTER_SIGTERM = 2.5
IGNORED_FOR = 0.3  # where a test says that a signal is ignored, it shows that no longer than for this


@dataclass(frozen=True)
class Ended:
    """How a canceled step ended: which signals it took, and with which exit code."""

    signals: tuple[str, ...]
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


def cancel(step: "subprocess.Popen[str]", ignored: Collection[str] = ()) -> Ended:
    """Cancel a step as patiently as the runner, but for signals that are ignored."""
    sent = []
    for name, number, patience in (
        ("SIGINT", signal.SIGINT, AFTER_SIGINT),
        ("SIGTERM", signal.SIGTERM, AFTER_SIGTERM),
    ):
        sent.append(name)
        step.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            step.wait(IGNORED_FOR if name in ignored else patience)
            break
    else:
        sent.append("SIGKILL")
    with suppress(ProcessLookupError):  # the runner ends what a step leaves behind, too
        os.killpg(step.pid, signal.SIGKILL)
    return Ended(tuple(sent), step.wait())
