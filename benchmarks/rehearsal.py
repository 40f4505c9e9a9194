"""Where the time of a rehearsal goes: `python benchmarks/rehearsal.py [--record build/rehearsals/TIME/record.json]`.

Seconds on the clock of the newest whole rehearsal on this machine, or of one that is made now, beside what no program
of ours could do without: act, which starts and ends the jobs of the workflow files, and interpreters that import what
each step needs. Waiting is that for a training and for models that answer, which are real. What is left is ours.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILDERS = ("mlops prepare", "mlops compute", "mlops submit", "mlops evaluate")  # steps that use the SDK
WAITING = ("mlops watch", "mlops evaluate")
PLAIN = "import mlops.cli.main, mlops.params.reading, mlops.azure.workspace, azure.identity, requests"
SDK = f"{PLAIN}; import azure.ai.ml"


def main() -> None:
    """Measure, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--record", type=Path, help="of a rehearsal that ran on this machine")
    record = options.parse_args().record or newest() or rehearsed()
    took: dict[str, float] = json.loads(record.read_text(encoding="utf-8"))["seconds"]
    steps = {name: seconds for name, seconds in took.items() if ": mlops " in name}
    phases = {name: seconds for name, seconds in took.items() if name not in steps}
    whole = sum(phases.values())
    act = sum(phases.get(name, 0.0) for name in ("push", "mark", "delete")) - sum(steps.values())
    plain, sdk = started(PLAIN), started(SDK)
    builders = [name for name in steps if name.endswith(BUILDERS)]
    imports = len(builders) * sdk + (len(steps) - len(builders)) * plain
    waits = sum(seconds for name, seconds in steps.items() if name.endswith(WAITING))
    waits -= sum(sdk if name in builders else plain for name in steps if name.endswith(WAITING))
    own = whole - act - imports - waits
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}.\n")
    print("| part of a rehearsal | seconds | share |\n|---|---|---|")
    rows = {
        "act: workflows and jobs start and end": act,
        f"interpreters and imports: {len(builders)} with the SDK, {len(steps) - len(builders)} without": imports,
        "watching a training, and models that answer": waits,
        "what our commands do": own,
        "all": whole,
    }
    for name, seconds in rows.items():
        print(f"| {name} | {seconds:.1f} | {seconds / whole:.0%} |")
    print("\n| step | seconds |\n|---|---|")
    for name, seconds in took.items():
        print(f"| {name} | {seconds:.1f} |")


def rehearsed() -> Path:
    """The record of a rehearsal, made now."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "mlops", "rehearse", "--state", f"{folder}/state"]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
        subprocess.run([sys.executable, "-m", "mlops", "emulator", "down", "--state", f"{folder}/state"], cwd=ROOT)  # noqa: PLW1510
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    made = newest()
    assert made
    return made


def newest() -> Path | None:
    """The record of the last rehearsal that came to its end."""
    found = (ROOT / "build" / "rehearsals").glob("*/record.json")
    whole = [path for path in found if "report" in json.loads(path.read_text(encoding="utf-8"))["seconds"]]
    return max(whole, key=lambda path: path.stat().st_mtime_ns, default=None)


def started(program: str) -> float:
    """Seconds of an interpreter that imports something, and ends as a command does; the middle of five."""
    spent = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"{program}; import os; os._exit(0)"], cwd=ROOT, check=True)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


if __name__ == "__main__":
    main()
