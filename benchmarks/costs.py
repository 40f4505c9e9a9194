"""What the automation costs and saves a month, under stated assumptions: `python benchmarks/costs.py [--write]`.

It multiplies what a team says of itself (each number is an option) by what this repository does: its schedules, its
bounds, and the seconds of one `mlops resume`, which alone are measured. Prices are yours; the defaults are round
numbers, to be replaced.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import runner_minutes
import yaml

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "cost.md"
SETUP_SECONDS = 30.0  # of checkout and setup of a job
ASSUMED = (
    ("pushes", 60, "pushes to main a month"),
    ("new-work", 15, "of them, those that change data, parameters or base model, so that a training is new"),
    ("training-hours", 4, "hours of one training on one machine"),
    ("gpu-hour", 3.7, "price of an hour of that machine"),
    ("endpoints", 3, "endpoints beside production that people make and leave, a month"),
    ("endpoint-hour", 3.7, "price of an hour of one instance of an endpoint"),
    ("found-after", 14, "days until a person would have found one"),
    ("runner-minute", 0.006, "price of a runner's minute"),
    ("plan-minutes", 2, "minutes of the job that plans a push"),
    ("release-minutes", 14, "minutes of all jobs of a release, without waiting for the training"),
    ("tick-minutes", 1, "minutes of a tick that looks for finished runs"),
)


@dataclass(frozen=True)
class Line:
    """One row: what, how it is computed, and the result a month."""

    what: str
    how: str
    amount: float
    unit: str


def main() -> None:
    """Print the page, or write it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default, meaning in ASSUMED:
        options.add_argument(f"--{name}", type=float, default=float(default), help=meaning)
    options.add_argument("--write", action="store_true", help=f"write {TARGET.relative_to(ROOT)}")
    chosen = options.parse_args()
    given = {name: float(getattr(chosen, name.replace("-", "_"))) for name, _, _ in ASSUMED}
    text = page(given, lines(given, days_of_an_idle_endpoint()))
    if chosen.write:
        TARGET.write_text(text, encoding="utf-8")
    else:
        print(text)


def days_of_an_idle_endpoint() -> float:
    """How long cleanup leaves one that nobody uses: params.yaml's days, and the day between two of its runs."""
    stated = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["cleanup"]
    return float(stated["idle_days"]) + float(stated["grace_hours"]) / 24 + 1


def lines(given: dict[str, float], idle: float) -> list[Line]:
    """Everything that is computed."""
    repeated = given["pushes"] - given["new-work"]
    gpu = repeated * given["training-hours"]
    spared = max(0.0, given["found-after"] - idle) * 24 * given["endpoints"]
    whole, every = given["training-hours"] * 60, runner_minutes.interval()
    waited = min(runner_minutes.waits(), whole)
    ticks = math.ceil((whole - waited) / every) * given["tick-minutes"]
    release = given["release-minutes"] + waited + ticks
    schedules = sum(runner_minutes.month_of_nothing(math.ceil(given["tick-minutes"])).values())
    minutes = given["pushes"] * given["plan-minutes"] + given["new-work"] * release + schedules
    waiting = given["new-work"] * whole
    computed = f"pushes x plan + new work x ({waited:g} waited + release + a tick each {every:g} min) + {schedules}"
    return [
        Line("GPU hours not trained again", "pushes without new work x hours of a training", gpu, "hours"),
        Line("worth", "x price of an hour", gpu * given["gpu-hour"], "your currency"),
        Line("endpoint hours not paid", f"endpoints x (found after - {idle:.3g} days) x 24", spared, "hours"),
        Line("worth", "x price of an hour", spared * given["endpoint-hour"], "your currency"),
        Line("runner minutes used, those of schedules among them", computed, minutes, "minutes"),
        Line("cost", "x price of a minute", minutes * given["runner-minute"], "your currency"),
        Line("runner minutes of jobs that wait for the end instead", "new work x hours x 60", waiting, "minutes"),
    ]


def page(given: dict[str, float], found: list[Line]) -> str:
    """The document: what comes out first, then from what, then the ways to wait for a run."""
    gpu, worth, endpoint, spared, minutes, cost, _ = (f"{line.amount:,.0f}" for line in found)
    text = (
        "# What it costs, and what it saves\n\nWritten by `python benchmarks/costs.py --write`, which `make bench` "
        "runs. Nothing here was measured on Azure: it is\narithmetic on the assumptions below, each of which is an "
        f"option of that script. Put your own numbers in.\n\nA month under these assumptions saves {gpu} GPU hours "
        f"(worth {worth}) and {endpoint} hours of endpoints\n(worth {spared}), for {minutes} runner minutes "
        f"(cost {cost}).\n\n| a month | computed as | result |\n|---|---|---|\n"
    )
    text += "".join(f"| {line.what} | {line.how} | {line.amount:,.0f} {line.unit} |\n" for line in found)
    text += "\n| assumption | value |\n|---|---|\n"
    text += "".join(f"| {meaning} | {given[name]:g} |\n" for name, _, meaning in ASSUMED)
    text += (
        "\nA training is not repeated because its job is named after its fingerprint; an endpoint that nobody uses is "
        "marked\nafter `cleanup.idle_days` and deleted after the grace period. An endpoint bills by the hour whether "
        "anybody asks it\nor not, so what cleanup saves is what nobody looked for.\n"
    )
    hours, price, runs = given["training-hours"], given["runner-minute"], int(given["new-work"])
    words = f"--hours {hours:g} --per-minute {price:g} --runs-a-month {runs}"
    ways = "\n".join(runner_minutes.told(hours, SETUP_SECONDS, price, runs))
    return f"{text}\n## Ways to notice the end of a training\n`python benchmarks/runner_minutes.py {words}`\n\n{ways}\n"


if __name__ == "__main__":
    main()
