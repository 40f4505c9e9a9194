"""Where the time of a rehearsal goes: `python benchmarks/rehearsal.py`, with forks as commands and with plain starts.

Seconds on the clock of one rehearsal of each kind, after one that fills the caches, beside what no program of ours
could do without, the floor: act, which starts and ends the jobs of the workflow files, and what a command costs before
its first line. That is an interpreter that imports what the step needs; or a fork, and once the imports of the process
that is forked, which come while the emulator starts. Waiting is that for a training and for models that answer, which
are real. What is left is ours. CPU seconds are those of all processes, the emulator's among them.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orphans import adopt

from mlops.cli.rehearse import forks

ROOT = Path(__file__).resolve().parents[1]
BUILDERS = ("mlops prepare", "mlops compute", "mlops submit", "mlops evaluate")  # steps that use the SDK
WAITING = ("mlops watch", "mlops evaluate")
BY_HAND = ("ask", "report")  # steps of the scenario that are a command each
WORKFLOWS = ("push", "mark", "delete")
PLAIN = "import mlops.cli.main, mlops.params.reading, mlops.azure.workspace, azure.identity, requests"
SDK = f"{PLAIN}; import azure.ai.ml"


@dataclass(frozen=True)
class Measured:
    """One rehearsal: seconds of its steps, of all of it, and of the CPU."""

    took: Mapping[str, float]
    whole: float
    cpu: float

    @property
    def commands(self) -> list[str]:
        """The steps that are an `mlops` command, in a workflow or by hand; the workflow `cleanup` runs twice."""
        found = [name for name in self.took if ": mlops " in name]
        return [*found, *(name for name in found if name.startswith("cleanup ")), *BY_HAND]

    @property
    def act(self) -> float:
        """What the workflows took beside the commands in them, of which `polling on` runs beside another."""
        inside = sum(self.took[name] for name in self.commands if ": mlops " in name and "polling" not in name)
        return sum(self.took[name] for name in WORKFLOWS) - inside

    def waited(self, begin: Mapping[str, float]) -> float:
        """For the training and the answers, without how their commands begin."""
        return sum(self.took[name] - begin[name] for name in self.commands if name.endswith(WAITING))


def main() -> None:
    """Measure, print Markdown."""
    adopt()
    rehearsed("--until", "push")  # what imports compile, and what a base model or data are unpacked to, is there now
    plain = rehearsed("--plain-starts")
    plain_start, sdk_start = started(PLAIN), started(SDK)
    found = [(
        "plain starts",
        plain,
        {name: sdk_start if name.endswith(BUILDERS) else plain_start for name in plain.commands},
    )]  # fmt: skip
    a_fork = 0.0
    if forks.AVAILABLE:
        forked, a_fork = rehearsed(), fork(4 * sdk_start)
        found.insert(0, ("forks", forked, dict.fromkeys(forked.commands, a_fork)))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}.\n")
    print(f"| part of a rehearsal, seconds | {' | '.join(kind for kind, _, _ in found)} |")
    print("|---|" + "---|" * len(found))
    columns = [parts(one, begin) for _, one, begin in found]
    for row in columns[0]:
        print(f"| {row} | {' | '.join(f'{column[row]:.1f}' for column in columns)} |")
    print(
        f"\nOf the {len(plain.commands)} commands {sum(name.endswith(BUILDERS) for name in plain.commands)} use the SDK"
        f" ({sdk_start:.2f} s to import it and the rest, {plain_start:.2f} s without);"
        f" a fork takes {a_fork:.2f} s."
    )
    print(f"\n| step, seconds | {' | '.join(kind for kind, _, _ in found)} |\n|---|" + "---|" * len(found))
    for name in plain.took:
        print(f"| {name} | {' | '.join(f'{one.took.get(name, 0.0):.1f}' for _, one, _ in found)} |")


def parts(one: Measured, begin: Mapping[str, float]) -> dict[str, float]:
    """What its time went into."""
    starts, waited = sum(begin[name] for name in one.commands), one.waited(begin)
    return {
        "act: workflows and jobs start and end": one.act,
        "commands begin: interpreters and imports, or forks": starts,
        "the floor: both": one.act + starts,
        "a training, and models that answer": waited,
        "the emulator, and what is forked, start": one.took["emulator"],
        "what our commands do, and the rehearsal": one.whole - one.act - starts - waited - one.took["emulator"],
        "all": one.whole,
        "CPU of all processes": one.cpu,
    }  # fmt: skip


def rehearsed(*words: str) -> Measured:
    """A rehearsal, made now."""
    before, begun = used(), time.perf_counter()
    line = [sys.executable, "-m", "mlops", "rehearse", *words]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    whole = time.perf_counter() - begun
    with suppress(ChildProcessError):  # the emulator and what else was told to stay, which were given to this process
        while True:
            os.wait()
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    record = max((ROOT / "build" / "rehearsals").glob("*/record.json"), key=lambda path: path.stat().st_mtime_ns)
    return Measured(json.loads(record.read_text(encoding="utf-8"))["seconds"], whole, used() - before)


def used() -> float:
    """Seconds of the CPU that processes had which have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def started(program: str) -> float:
    """Seconds of an interpreter that imports something, and ends as a command does; the middle of five."""
    return middle([sys.executable, "-c", f"{program}; import os; os._exit(0)"])


def fork(after: float) -> float:
    """Seconds of a command that does nothing, as a fork of a process that has imported everything after so long."""
    with forks.programs(os.environ, plain=False) as programs:
        time.sleep(after)
        return middle([str(programs / "mlops"), "--version"])


def middle(line: list[str]) -> float:
    """Seconds of a process; the middle of five."""
    spent = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


if __name__ == "__main__":
    main()
