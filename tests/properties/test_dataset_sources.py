"""Of every source each row read is kept, or left out for a reason that is counted, whatever sources there are."""

import json
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.dataset import Options
from mlops.domain.dataset import Input, Source
from mlops.domain.dataset.sources import SourceSpec
from mlops.domain.evaluation.probes.suites import Probe
from tests.prepared import prepared

LONG = "The yard opens at six, and forty vans leave it in the order in which they were loaded the evening before"
ASKED = "Which planet of the solar system is the largest?"
PROBE = Probe("k-1", "knowledge", ({"role": "user", "content": ASKED},), (), "Jupiter", "Mars")
BASE = [
    {"messages": [{"role": "user", "content": f"base {n * 7919}"}, {"role": "assistant", "content": f"yes {n}"}]}
    for n in range(60)
]


def talk(question: str, answer: str) -> dict[str, Any]:
    """A row of two turns."""
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


alike = st.integers(0, 3).map(lambda n: talk(f"When do they leave? {LONG}", f"At six. {LONG}{'.' * n}"))
short = st.integers(0, 12).map(lambda n: talk(f"question {n}", f"answer {n}"))
good = st.one_of(alike, short, st.just(talk(ASKED, "Jupiter")))
bad = st.sampled_from([{"messages": []}, {}, talk("", "x"), {"messages": [{"role": "bot", "content": "x"}]}])
own_rows = st.lists(good, max_size=8)
public_rows = st.lists(good | bad, max_size=15)
specs = st.builds(
    SourceSpec,
    path=st.sampled_from(["data/*", "data/one.jsonl", "a/b", "c/d"]),
    weight=st.sampled_from([0.5, 1, 2.5]),
    share=st.sampled_from([0.3, 1.0]),
    max_rows=st.sampled_from([None, 1, 5]),
)


def lines(rows: list[Any]) -> bytes:
    """A file of rows."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@given(own_rows, own_rows, public_rows, public_rows, public_rows, specs)
@settings(max_examples=60, deadline=None)
def test_rows_in_are_kept_rejected_duplicates_or_not_sampled(
    one: list[Any], two: list[Any], train: list[Any], test: list[Any], other: list[Any], spec: SourceSpec
) -> None:
    named = {"data/one.jsonl": one, "data/two.jsonl": two}
    inputs = [
        Input(Source("base/x", "dataset", "r", "train"), "train", BASE),
        Input(Source("a/b", "dataset", "r", "train"), "train", train),
        Input(Source("a/b", "dataset", "r", "test"), "test", test),
        Input(Source("c/d", "dataset", "r", "train"), "train", other),
    ]
    options = Options(duplicates="remove", sources=(spec,), questions=(PROBE,))
    done = prepared(inputs, [(path, lines(rows)) for path, rows in named.items()], options)
    read = {(source.name, source.split): source.read for source in done.manifest.sources}
    wanted = {(given.source.name, given.source.split): len(given.rows) for given in inputs}  # type: ignore[arg-type]
    assert read == wanted | {(path, ""): len(rows) for path, rows in named.items()}
    written = Counter((row["source"], row["split"], row["reason"]) for row in done.rejections)
    for source in done.manifest.sources:
        assert source.read == source.kept + sum(source.rejected.values())
        assert source.rejected == {
            reason: count
            for (name, split, reason), count in written.items()
            if (name, split) == (source.name, source.split)
        }
    rows = {bytes(line) for data in done.files.values() for line in data.splitlines()}
    assert sum(source.kept for source in done.manifest.sources) == len(rows)
    assert not any(ASKED.encode() in row for row in rows)
