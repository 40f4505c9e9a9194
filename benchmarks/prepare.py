"""Speed and memory of data preparation: `python benchmarks/prepare.py [--rows 20000,200000] [--rounds R] [--what ...]`.

On conversations shaped like those of ultrachat_200k (200,000 rows are about 1.4 GB of JSON lines), in one Parquet file:

- `mlops`: all of `mlops prepare` from the downloaded file on, beside curated rows and questions of an evaluation:
  validation, personal data, duplicates, near duplicates, leakage, division, shuffling, hashing, files;
- `sample`: what sample scripts do, `load_dataset` + `to_json`, which does none of that;
- `mlops 5 %`, `sample 5 %`: the same of the share that params.yaml ships with, `split="train[:5%]"` for the sample;
- `polars` and, if it is installed, `duckdb`: a bare copy from Parquet to JSON lines, the practical limit.

Each runs in a process of its own, `mlops` first in each round: what is written for the first time makes a virtual
machine fetch memory from its host. Ratios are told of the first round, with that cost, and of each one's best round.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from made_conversations import conversation, made, vocabulary

SHARE = 0.05
OWN, OWN_ROWS = "own.jsonl", 500  # curated rows beside the dataset
MOST_MB = 700


@dataclass(frozen=True)
class Run:
    """Seconds, with the start of the process, those of all cores, and peak memory in MB."""

    seconds: float
    cpu: float
    peak: int


Runs = Mapping[str, Sequence[Run]]  # by what ran, in the order of the rounds


def main() -> None:
    """Measure, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", default="200000", help="one number or several, 20000,200000")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--what", help=f"some of {', '.join(RUNS)}; the default is all that are installed")
    options.add_argument("--data", type=Path, help="keep the made files here, and use those that are there")
    options.add_argument("--one", nargs=3, metavar=("WHAT", "FILE", "OUT"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        what, source, out = given.one
        RUNS[what](Path(source), Path(out))
        print(peak_mb())
        return
    wanted = given.what.split(",") if given.what else [what for what in RUNS if what != "duckdb" or find_spec("duckdb")]
    with tempfile.TemporaryDirectory(prefix="prepare-") as temporary:
        folder = given.data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = {rows: compare(folder, rows, given.rounds, wanted) for rows in map(int, given.rows.split(","))}
    for rows, runs in found.items():
        print("\n".join(compared(rows, runs)), end="\n\n")
    print("\n".join(growth(found)), end="\n\n")
    print("\n".join(limits(found)))


def compare(folder: Path, rows: int, rounds: int, wanted: Sequence[str]) -> Runs:
    """Run everything in turn."""
    source = made(folder, rows)
    make_own_file(folder / OWN)
    found: dict[str, list[Run]] = {what: [] for what in wanted}
    for number in range(rounds):
        for what in wanted:
            run = measured(what, source, folder)
            found[what].append(run)
            print(
                f"{rows:,} rows, round {number + 1}: {what} {run.seconds:.1f} s, {run.peak} MB",
                file=sys.stderr,
            )
    return found


def compared(rows: int, runs: Runs) -> Iterator[str]:
    """The table of one size. A ratio is how many times as long as `mlops` the others take."""
    rounds = len(next(iter(runs.values())))
    yield f"{rows:,} rows, {rounds} rounds\n"
    yield "| | first s | best s | CPU s | rows/s | first, of `mlops` | best, of `mlops` | peak MB |"
    yield "|---|---|---|---|---|---|---|---|"
    for what, each in runs.items():
        count = rows * SHARE if what.endswith("%") else rows
        own = runs.get("mlops 5 %" if what.endswith("%") else "mlops")
        ratios = [f"{one / other:.2f}" for one, other in zip(times(each), times(own), strict=True)] if own else ["", ""]
        first, best = times(each)
        cells = [
            what,
            f"{first:.1f}",
            f"{best:.1f}",
            f"{each[0].cpu:.1f}",
            f"{count / best:,.0f}",
            *ratios,
            str(peak(each)),
        ]
        yield f"| {' | '.join(cells)} |"


def growth(found: Mapping[int, Runs]) -> Iterator[str]:
    """Time and memory of `mlops` by size: a row should not cost more because there are more."""
    yield "| rows | `mlops`, best s | µs a row | peak MB |\n|---|---|---|---|"
    for rows, runs in found.items():
        if own := runs.get("mlops"):
            best = times(own)[1]
            yield f"| {rows:,} | {best:.1f} | {best / rows * 1e6:.0f} | {peak(own)} |"


def limits(found: Mapping[int, Runs]) -> Iterator[str]:
    """What the project wants of itself, and whether it is so here. A size that was not measured is left out."""
    yield "| wanted | first round | best rounds | |\n|---|---|---|---|"
    for rows, runs in found.items():
        copy = 2.0 if rows < 1_000_000 else 2.5
        for what, base, other, most in (
            (f"at most {copy} times the copy by polars", "mlops", "polars", copy),
            ("at least 2.5 times as fast as the sample", "mlops", "sample", 1 / 2.5),
            ("at least 8 times as fast as the sample at 5 %", "mlops 5 %", "sample 5 %", 1 / 8),
        ):
            if base in runs and other in runs:
                ratios = [one / two for one, two in zip(times(runs[base]), times(runs[other]), strict=True)]
                shown = [f"{ratio:.2f}" if most >= 1 else f"{1 / ratio:.2f}" for ratio in ratios]
                yield f"| {rows:,} rows: {what} | {shown[0]} | {shown[1]} | {said(ratios[0] <= most)} |"
        if own := runs.get("mlops"):
            met = said(peak(own) < MOST_MB)
            yield f"| {rows:,} rows: less than {MOST_MB} MB | {own[0].peak} | {peak(own)} | {met} |"


def said(met: bool) -> str:
    """Whether a wish is met; of the first round."""
    return "met" if met else "missed"


def times(runs: Sequence[Run]) -> tuple[float, float]:
    """Seconds of the first round, and of the best."""
    return runs[0].seconds, min(run.seconds for run in runs)


def peak(runs: Sequence[Run]) -> int:
    """The most of any round."""
    return max(run.peak for run in runs)


def measured(what: str, source: Path, folder: Path) -> Run:
    """One run in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        environment = {**os.environ, "HF_HOME": out, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
        start, before = time.perf_counter(), cpu_seconds()
        command = [sys.executable, __file__, "--one", what, str(source), out]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        return Run(time.perf_counter() - start, cpu_seconds() - before, int(done.stdout))


def cpu_seconds() -> float:
    """What the processes that were started here took of all cores."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_mb() -> int:
    """The most memory that this process had. `ru_maxrss` of Linux also counts the one that started it."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))):
        return int(found[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform != "darwin" else 1024**2)


def ours(source: Path, out: Path, share: float = 1) -> None:
    """Everything that `mlops prepare` does with a downloaded file."""
    from mlops.cli.prepare import POLARS

    for name, value in POLARS.items():  # before polars is loaded
        os.environ.setdefault(name, value)
    from mlops.dataset import Options, prepare
    from mlops.dataset.huggingface import read_parquet
    from mlops.domain.dataset import Input, Source
    from mlops.domain.evaluation.probes.suites import read

    probes = sorted((Path(__file__).resolve().parents[1] / "data" / "probes").glob("*.jsonl"))
    options = Options(questions=read([(path.name, path.read_text(encoding="utf-8")) for path in probes]))
    count = round(int(source.stem) * share)
    rows = read_parquet([str(source)], count)
    own = [(f"data/{OWN}", (source.parent / OWN).read_bytes())]
    done = prepare([Input(Source("a/b", "dataset", "main", "train"), "train", rows)], own, options, out)
    told = ", ".join(f"{reason} {number}" for reason, number in done.manifest.rejected.items())
    print(f"  kept {sum(entry.rows for entry in done.manifest.files.values()):,}; {told}", file=sys.stderr)


def make_own_file(path: Path) -> None:
    """Curated rows as a team has them; some of them are held out for the test, so that leakage is looked for."""
    if not path.exists():
        random, words = np.random.default_rng(11), vocabulary()
        rows = [{"messages": conversation(words, random, broken=False)} for _ in range(OWN_ROWS)]
        path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def with_datasets(source: Path, out: Path, share: float = 1) -> None:
    """The way of sample scripts."""
    import datasets

    split = "train" if share == 1 else f"train[:{share:.0%}]"
    datasets.load_dataset("parquet", data_files=str(source), split=split).to_json(out / "train.jsonl")


def with_polars(source: Path, out: Path) -> None:
    """A bare copy."""
    import polars as pl

    pl.scan_parquet(source).sink_ndjson(out / "train.jsonl")


def with_duckdb(source: Path, out: Path) -> None:
    """A bare copy."""
    import duckdb  # type: ignore[import-not-found,unused-ignore]

    duckdb.sql(f"copy (from read_parquet('{source}')) to '{out}/train.jsonl' (format json)")


RUNS: dict[str, Callable[[Path, Path], None]] = {
    "mlops": ours,
    "sample": with_datasets,
    "polars": with_polars,
    "duckdb": with_duckdb,
    "mlops 5 %": partial(ours, share=SHARE),
    "sample 5 %": partial(with_datasets, share=SHARE),
}


if __name__ == "__main__":
    main()
