"""How long each command of the road waits for Azure when a call takes 0.2 s: `python benchmarks/waiting.py`.

Every answer of the emulator comes that much later. What counts is the time in which at least one call was under way,
from the emulator's log, in units of one call: calls that were made side by side count once, and the machine's own speed
hardly matters. Looks at what is still under way are polls and left out, as where calls are counted.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from azureml_emulator import process
from mlops.cli.rehearse.calls import CallCounter, calls_among

ROOT = Path(__file__).resolve().parents[1]
DELAY = 0.2  # seconds of a call; about what Resource Manager takes
ROAD = (
    "plan",
    "prepare",
    "compute",
    "submit",
    "watch --job {job}",
    "evaluate --job {job}",
    "gate --job {job}",
    "register --job {job}",
    "promote staging",
    "promote production",
    "status",
    "resume",
    "lineage production",
    "doctor",
    "cleanup",
)


def main() -> None:
    """Walk the road against an emulator of its own, and print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--delay", type=float, default=DELAY, help="seconds of each call")
    delay = options.parse_args().delay
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}; {delay:g} s a call.\n")
    with tempfile.TemporaryDirectory() as folder:
        state, work = Path(folder) / "state", Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(work)], check=True)
        address = process.launch(state)
        try:
            process.control(address, "PUT", "/delay/jobs", {"delay": "at once"})
            walk(work, state, {**process.variables(address, dict(os.environ)), "MLOPS_REHEARSAL": "true"}, delay)
        finally:
            process.stop(state)


def walk(work: Path, state: Path, environment: dict[str, str], delay: float) -> None:
    """Each command once, every call of it slowed down."""
    subprocess.run(
        [*command("emulator fault"), "--state", str(state), f"*: slow {delay} s always"],
        check=True,
        capture_output=True,
    )
    counter, job = CallCounter(state, {}), ""
    print("| command | calls | waits for | seconds waited |\n|---|---|---|---|")
    for words in ROAD:
        list(counter.new())
        line = [*command("--json"), *words.format(job=job).split()]
        done = subprocess.run(line, cwd=work, env={**os.environ, **environment}, capture_output=True, text=True)  # noqa: PLW1510
        said = json.loads(done.stdout or "{}")
        if done.returncode:
            raise SystemExit(f"{words} ended with {done.returncode}:\n{done.stderr}")
        job = job or str((said.get("result") or {}).get("job") or "")
        log = list(counter.new())
        made = calls_among(log)
        waited = under_way(made, delay)
        print(f"| `{words.partition(' --job')[0]}` | {len(made)} | {waited / delay:.0f} | {waited:.1f} |")


def under_way(log: Iterable[dict[str, Any]], delay: float) -> float:
    """Seconds in which at least one call waited for its answer."""
    spans = sorted((one["at"], one["at"] + delay) for one in log)
    total, end = 0.0, 0.0
    for start, until in spans:
        total += max(0.0, until - max(start, end))
        end = max(end, until)
    return total


def command(words: str) -> list[str]:
    """A command line of ours."""
    return [sys.executable, "-m", "mlops", *words.split()]


if __name__ == "__main__":
    main()
