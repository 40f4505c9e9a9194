"""CPU seconds and calls of the commands, and of a whole rehearsal: `python benchmarks/commands.py [--state DIR]`.

Times are user and system CPU of the command and what it starts, the median of some runs, beside `python -c pass`: a
machine that is shared makes seconds on the clock mean little. They are of compiled modules, as after an installation,
also where the environment forbids to write them (`PYTHONDONTWRITEBYTECODE`). The rehearsal makes the release that the
commands look at; `--state` takes one that `mlops rehearse --state` left, and leaves it.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from azureml_emulator import process
from mlops.cli.rehearse.calls import CallCounter, tally

ROOT = Path(__file__).resolve().parents[1]
METRICS = {"eval_loss": 1.2, "train_loss": 1.3, "rougeL": 0.3}
WITHOUT_CLOUD = (
    ("`--version`", "--version"),
    ("`plan --help`", "plan --help"),
    ("completion of a verb", "mlops pl"),
    ("completion of an option", "mlops plan --off"),
    ("completion of all verbs", "mlops "),
    ("`--help`", "--help"),
    ("a mistake in a parameter", "--set training.nodes=none plan --offline"),
    ("`gate --from-file`", "gate --from-file {metrics}"),
    ("`plan --offline`", "plan --offline"),
)
LOOKS = ("plan", "status", "lineage production", "gate --job {job}", "doctor", "resume", "runs", "history")


def main() -> None:
    """Measure, and print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--state", type=Path, help="of an emulator that serves a rehearsed release")
    options.add_argument("--runs", type=int, default=5, help="of each command; the median counts")
    chosen = options.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}.\n")
    with tempfile.TemporaryDirectory() as folder:
        metrics = Path(folder) / "metrics.json"
        metrics.write_text(json.dumps(METRICS), encoding="utf-8")
        without_cloud(metrics, chosen.runs)
        state = chosen.state or Path(folder) / "state"
        if chosen.state is None:
            rehearsal(state)
        try:
            looks(state, chosen.runs)
        finally:
            if chosen.state is None:
                process.stop(state)


def without_cloud(metrics: Path, runs: int) -> None:
    """What needs no cloud, beside an empty interpreter."""
    empty = median([sys.executable, "-c", "pass"], {}, runs)
    print("| command | CPU ms | times `python -c pass` |\n|---|---|---|")
    print(f"| `python -c pass` | {1000 * empty:.0f} | 1 |")
    for name, words in WITHOUT_CLOUD:
        if name.startswith("completion"):
            asked = {"_MLOPS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
            took = median(command(""), asked, runs)
        else:
            took = median(command(words.format(metrics=metrics)), {}, runs)
        print(f"| {name} | {1000 * took:.0f} | {took / empty:.1f} |")


def rehearsal(state: Path) -> None:
    """A whole rehearsal with its steps."""
    cpu(command(f"rehearse --state {state}"), {})
    record = max((ROOT / "build" / "rehearsals").glob("*/record.json"), key=lambda path: path.stat().st_mtime_ns)
    found = json.loads(record.read_text(encoding="utf-8"))
    print("\nThe steps of a rehearsal made these calls to Azure:\n")
    print("| step | calls | polls |\n|---|---|---|")
    for step, calls in found["calls"].items():
        print(f"| {step} | {calls} | {found['polls'][step]} |")
    print(f"| all | {sum(found['calls'].values())} | {sum(found['polls'].values())} |")


def looks(state: Path, runs: int) -> None:
    """What only looks, at the release that was rehearsed."""
    address = process.find(state)
    assert address, f"no emulator serves {state}"
    environment = {**process.variables(address, dict(os.environ)), "MLOPS_REHEARSAL": "true"}
    newest = json.loads(ask("runs", environment))["result"]["runs"][0]
    counter = CallCounter(state, {})
    print("\n| command | CPU ms | calls to Azure | polls |\n|---|---|---|---|")
    for words in LOOKS:
        line = command(words.format(job=newest["name"]))
        took = median(line, environment, runs)
        list(counter.new())
        cpu(line, environment)
        made = tally(counter.new())
        print(f"| `{words.partition(' --job')[0]}` | {1000 * took:.0f} | {made.calls} | {made.polls} |")


def command(words: str) -> list[str]:
    """A command line of ours."""
    return [sys.executable, "-m", "mlops", *words.split()]


def ask(words: str, environment: dict[str, str]) -> str:
    """What a command says as JSON."""
    line = [*command("--json"), *words.split()]
    return subprocess.run(line, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True).stdout  # noqa: PLW1510


def cpu(line: list[str], environment: dict[str, str]) -> float:
    """User and system seconds of a command and what it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(line, cwd=ROOT, env={**given, **environment}, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def median(line: list[str], environment: dict[str, str], runs: int) -> float:
    """Of several runs, after one that warms the caches."""
    cpu(line, environment)
    return statistics.median(cpu(line, environment) for _ in range(runs))


if __name__ == "__main__":
    main()
