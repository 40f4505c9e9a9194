"""Runner minutes of a long fine-tune: `python benchmarks/runner_minutes.py [--hours 8] [--per-minute 0.006]`.

GitHub bills each job by whole minutes, rounded up, and ends a job after six hours. The schedules are read from
`.github/workflows/poll.yml`, which is on only while something is open, and from the workflows that always start by
themselves; the bound from `params.yaml`. How long `mlops resume` takes is measured against an
emulator; checkout and setup of a job cannot be measured here and are `--setup-seconds`.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from azureml_emulator import process
from mlops.params import load

ROOT = Path(__file__).resolve().parents[1]
LONGEST_JOB = 360  # minutes that GitHub lets a job run
HOUR = 60
SAFETY = 7 * 24 * HOUR / 3  # between two polls of `resume` itself, three a week
DAYS_A_MONTH = 30


@dataclass(frozen=True)
class Way:
    """A way to notice the end of a run: minutes that a runner waits, minutes between polls (0: none)."""

    name: str
    waits: float
    every: float
    event: bool = False
    idle: float | None = None  # minutes between polls while nothing is open; None: as otherwise


def main() -> None:
    """Print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--hours", type=float, default=8.0, help="how long the training run takes")
    options.add_argument("--setup-seconds", type=float, default=30.0, help="checkout and setup of a job")
    options.add_argument("--per-minute", type=float, help="price of a runner minute, by your plan")
    options.add_argument("--runs-a-month", type=int, default=10, help="training runs a month")
    chosen = options.parse_args()
    print("\n".join(told(chosen.hours, chosen.setup_seconds, chosen.per_minute, chosen.runs_a_month)))


def told(hours: float, setup: float, per_minute: float | None, runs: int) -> Iterator[str]:
    """The lines of the tables, in Markdown; hours of a run, seconds of a job's setup, price, runs a month."""
    command = measured()
    every, bound = interval(), waits()
    job, total = billed((setup + command) / 60), hours * HOUR
    yield f"`mlops resume` with nothing to do: {command:.1f} s; a job of it is billed as {job} min.\n"
    ways = (
        Way(f"as shipped: a runner waits {bound:g} min, then a poll every {every:g} min", bound, every, idle=SAFETY),
        Way("the same, with polls that are never turned off", bound, every),
        Way("no waiting at all, polls alone (`watch.wait_minutes: 0`)", 0, every),
        Way("polls every hour", 0, HOUR),
        Way("an event at the end, polls every six hours", 0, 6 * HOUR, event=True),
        Way("a runner waits for the whole run", math.inf, 0),
    )
    money = f" | at {per_minute:g} a minute" if per_minute else ""
    yield f"| way | jobs | runner min for a run of {hours:g} h | min a month, {runs} runs{money} |"
    yield "|---|---|---|---|" + ("---|" if money else "")
    for way in ways:
        jobs, minutes = of_a_run(way, total, job)
        if way.idle:  # turning the polls on, and the last poll with turning them off
            jobs, minutes = jobs + 3, minutes + 3 * job
        month = runs * minutes + idle_ticks(way, total, job, runs)
        cost = f" {month * per_minute:,.2f} |" if per_minute else ""
        yield f"| {way.name} | {jobs} | {minutes:,} | {month:,} |{cost}"
    idle = month_of_nothing(job)
    each = ", ".join(f"{name} {minutes}" for name, minutes in idle.items())
    yield f"\nA month in which nothing is pushed: {sum(idle.values())} min ({each})."


def waits() -> float:
    """Minutes that a runner waits for a training before it leaves it to the polls."""
    return float(load(ROOT / "params.yaml").watch.wait_minutes)


def of_a_run(way: Way, total: float, job: int) -> tuple[int, int]:
    """Jobs and billed minutes from the submission to the gate: plan, train, release with its wait, and the polls."""
    before = 2 * job
    if way.every == 0:
        waiting = math.ceil(total / LONGEST_JOB)
        return 2 + waiting, before + math.ceil(total) + (waiting - 1) * job + job
    waited = min(way.waits, total)
    polls = math.ceil((total - waited) / way.every) + way.event
    return 3 + polls, before + billed(waited + job) + polls * job


def idle_ticks(way: Way, total: float, job: int, runs: int) -> int:
    """Billed minutes of the polls while nothing runs."""
    if way.every == 0:
        return 0
    return max(0, math.floor((DAYS_A_MONTH * 24 * HOUR - runs * total) / (way.idle or way.every))) * job


def billed(minutes: float) -> int:
    """Whole minutes, at least one."""
    return max(1, math.ceil(minutes))


def interval() -> float:
    """Minutes between two polls; the cron names minutes of every hour."""
    cron = crons(ROOT / ".github/workflows/poll.yml")[0]
    minute, *rest = cron.split()
    if rest != ["*"] * 4 or not all(part.isdecimal() for part in minute.split(",")):
        raise SystemExit(f"cannot count by the cron {cron}")
    return HOUR / len(minute.split(","))


def crons(path: Path) -> list[str]:
    """The schedules of a workflow."""
    found = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)["on"]
    return [one["cron"] for one in found.get("schedule", [])] if isinstance(found, dict) else []


def month_of_nothing(job: int) -> dict[str, int]:
    """Billed minutes of a month in which nothing is pushed, by workflow: each start is one job with nothing to do."""
    starts: dict[str, int] = {}
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        for cron in crons(path):
            minute, hour, day, month, weekday = cron.split()
            if path.stem == "poll":
                continue  # off
            if not (minute.isdecimal() and hour.isdecimal()) or (day, month) != ("*", "*"):
                raise SystemExit(f"cannot count by the cron {cron}")
            if path.stem == "site":
                continue  # only where MLOPS_SITE asks for it
            days = DAYS_A_MONTH if weekday == "*" else math.ceil(DAYS_A_MONTH / 7 * len(weekday.split(",")))
            starts[path.stem] = starts.get(path.stem, 0) + days * job
    return starts


def measured() -> float:
    """Seconds of one `mlops resume` that finds nothing to do, in an interpreter of its own."""
    with tempfile.TemporaryDirectory() as folder:
        address = process.launch(Path(folder))
        try:
            environment = {**os.environ, **process.variables(address, os.environ), "MLOPS_EMULATOR_DIR": folder}
            command = [sys.executable, "-m", "mlops", "--target", "emulator", "resume"]
            seconds = []
            for _ in range(2):  # the first one compiles
                begun = time.perf_counter()
                subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)
                seconds.append(time.perf_counter() - begun)
            return min(seconds)
        finally:
            process.stop(Path(folder))


if __name__ == "__main__":
    main()
