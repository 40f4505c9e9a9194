"""Rows a second and peak memory of data preparation: `python benchmarks/prepare.py [--rows N] [--rounds R]`.

On conversations shaped like those of ultrachat_200k (200,000 rows are about 1.4 GB of JSON lines), in one Parquet file:

- `mlops`: all of `mlops prepare` from the downloaded file on: validation, personal data, duplicates, near duplicates,
  leakage, division, shuffling, hashing, the three files and the manifest;
- `datasets`: what sample scripts do, `load_dataset` + `to_json`, which does none of that;
- `polars` and, if it is installed, `duckdb`: a bare copy from Parquet to JSON lines, the practical limit.

Each runs in a process of its own, in turn, and the best of the rounds counts: what is written for the first time makes
a virtual machine fetch memory from its host, which can cost more than all the rest. The last line has `mlops` with a
tenth of the rows, for the memory.
"""

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = 2000  # rows that one process makes at once, and that share a row group
# Every long text has some of these; the search for near duplicates must not be slow because of them.
OPENERS = (
    *("In addition to this,", "It is important to note that", "However, it is also", "For example, the"),
    *("On the other hand,", "As a result of this,", "In conclusion, the", "Here are some of the"),
    *("This can be done by", "Additionally, there are", "Overall, it seems that", "One of the most"),
    *("There are a number of", "According to the", "I'm sorry, but as an AI", "Furthermore, the use of"),
    *("Once you have done", "Make sure that you", "At the same time,", "Another way to do"),
)


def main() -> None:
    """Measure, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--data", type=Path, help="keep the made files here, and use those that are there")
    options.add_argument("--one", nargs=3, metavar=("WHAT", "FILE", "OUT"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        what, source, out = given.one
        RUNS[what](Path(source), Path(out))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    with tempfile.TemporaryDirectory(prefix="prepare-") as temporary:
        folder = given.data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        compare(folder, given.rows, given.rounds)


def compare(folder: Path, rows: int, rounds: int) -> None:
    """Run everything in turn, and print the best of each."""
    whole, tenth = (made(folder, count) for count in (rows, rows // 10))
    kinds = [what for what in RUNS if what != "duckdb" or find_spec("duckdb")]
    found: dict[str, list[tuple[float, int]]] = {what: [] for what in kinds}
    for number in range(rounds):
        for what in kinds:
            found[what].append(measured(what, whole, folder))
            print(f"round {number + 1}: {what} {found[what][-1][0]:.1f} s", file=sys.stderr)
    best = {what: min(seconds for seconds, _ in runs) for what, runs in found.items()}
    print(f"{rows:,} rows, best of {rounds}\n\n| | s | rows/s | ours is | peak MB |\n|---|---|---|---|---|")
    for what, seconds in best.items():
        peak = max(peak for _, peak in found[what])
        print(
            f"| {what} | {seconds:.1f} | {rows / seconds:,.0f} | {seconds / best['mlops']:.2f} times as fast | {peak} |"
        )
    seconds, peak = measured("mlops", tenth, folder)
    print(f"\n`mlops` with {rows // 10:,} rows: {rows / 10 / seconds:,.0f} rows/s, {peak} MB")


def measured(what: str, source: Path, folder: Path) -> tuple[float, int]:
    """Seconds, with the start of the process, and peak memory in MB."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        environment = {**os.environ, "HF_HOME": out, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
        start = time.perf_counter()
        command = [sys.executable, __file__, "--one", what, str(source), out]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        return time.perf_counter() - start, int(done.stdout)


def ours(source: Path, out: Path) -> None:
    """Everything that `mlops prepare` does with a downloaded file."""
    from mlops.cli.prepare import POLARS

    for name, value in POLARS.items():  # before polars is loaded
        os.environ.setdefault(name, value)
    from mlops.dataset import Options, prepare
    from mlops.dataset.huggingface import read_parquet
    from mlops.domain.dataset import Input, Source

    rows = read_parquet([str(source)], 2**31)
    done = prepare([Input(Source("a/b", "dataset", "main", "train"), "train", rows)], [], Options(), out)
    told = ", ".join(f"{reason} {count}" for reason, count in done.manifest.rejected.items())
    print(f"  kept {sum(entry.rows for entry in done.manifest.files.values()):,}; {told}", file=sys.stderr)


def with_datasets(source: Path, out: Path) -> None:
    """The way of sample scripts."""
    import datasets

    datasets.load_dataset("parquet", data_files=str(source), split="train").to_json(out / "train.jsonl")


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
    "datasets": with_datasets,
    "polars": with_polars,
    "duckdb": with_duckdb,
}


def made(folder: Path, rows: int) -> Path:
    """A Parquet file of that many conversations, the same for the same number."""
    import pyarrow.parquet as pq

    path = folder / f"{rows}.parquet"
    if path.exists():
        return path
    print(f"making {path.name}", file=sys.stderr)
    started = [(start, min(rows, start + BLOCK)) for start in range(0, rows, BLOCK)]
    writer = None
    with ProcessPoolExecutor() as pool:
        for table in pool.map(partial(block, vocabulary()), started):
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    assert writer
    writer.close()
    return path


def vocabulary() -> list[str]:
    """30,000 words of 1 to 12 letters, the frequent ones short."""
    random = np.random.default_rng(7)
    letters = np.array(list("etaoinshrdlucmwfgypbvk"))
    weights = np.geomspace(12, 1, len(letters))
    sizes = np.clip(random.poisson(np.linspace(3, 8, 30_000)), 1, 12)
    return ["".join(random.choice(letters, size, p=weights / weights.sum())) for size in sizes]


def block(words: list[str], rows: tuple[int, int]) -> Any:
    """The rows from one number to another as a table. 1 in 100 stands twice, 1 in 200 nearly so, 1 in 200 is broken."""
    import pyarrow as pa

    random = np.random.default_rng(rows[0])
    made: list[list[dict[str, str]]] = []
    for number in range(*rows):
        kind = number % 200
        if made and kind in {50, 150}:
            made.append(made[-20])
        elif made and kind == 75:
            made.append([*made[-20][:-1], {**made[-20][-1], "content": made[-20][-1]["content"] + " Really."}])
        else:
            made.append(conversation(words, random, broken=kind == 120))
    prompts = [messages[0]["content"] for messages in made]
    messages = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
    return pa.table(
        [
            pa.array(prompts),
            pa.array([hashlib.sha256(prompt.encode()).hexdigest() for prompt in prompts]),
            pa.array(made, messages),
        ],
        names=["prompt", "prompt_id", "messages"],
    )


def conversation(words: list[str], random: np.random.Generator, *, broken: bool) -> list[dict[str, str]]:
    """4 to 8 messages; short questions, answers of several paragraphs."""
    count = int(random.choice([4, 6, 6, 8, 8])) - broken
    sizes = [random.integers(10, 60) if turn % 2 == 0 else random.integers(150, 450) for turn in range(count)]
    return [
        {"content": text(words, random, int(size)), "role": "assistant" if turn % 2 else "user"}
        for turn, size in enumerate(sizes)
    ]


def text(words: list[str], random: np.random.Generator, size: int) -> str:
    """Sentences of frequent and rare words, in paragraphs, with quotes, lists, accents and now and then a mark."""
    chosen = [words[place] for place in (len(words) * random.random(size) ** 3).astype(int)]
    chance = random.random(size // 8 + 1)
    parts = []
    for number, start in enumerate(range(0, size, 14)):
        sentence = " ".join(chosen[start : start + 14])
        draw = chance[number]
        if draw < 0.3:
            sentence = f"{OPENERS[int(draw / 0.3 * len(OPENERS))]} {sentence}"
        if 0.3 < draw < 0.34:
            sentence = f'"{sentence}", said Zoë \u2013 it\u2019s a {sentence.split()[0]}-{sentence.split()[-1]}'
        if 0.5 < draw < 0.502:
            sentence += " (write to jane_doe@example.com, key=value)"
        parts.append(sentence[0].upper() + sentence[1:] + ".")
        if draw > 0.75:
            parts[-1] += "\n\n" if draw < 0.9 else f"\n{number}."
    return " ".join(parts)


if __name__ == "__main__":
    main()
