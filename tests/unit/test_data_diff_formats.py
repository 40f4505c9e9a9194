"""The words of an edited turn are told in whatever format the file is, where data.sources explains it."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator

import pytest

from mlops.dataset.row_reading import rows_of
from mlops.domain.dataset.difference import difference, word_diff
from mlops.domain.dataset.rows import Read
from mlops.domain.dataset.sources import SourceSpec

Pairs = list[tuple[str, str]]
BEFORE = [("When do the vans leave?", "They leave at six in the morning."), ("Who drives?", "Anna drives today.")]
AFTER = [("When do the vans leave?", "They leave at seven in the morning."), ("Who drives?", "Anna drives today.")]


def own(pairs: Pairs) -> bytes:
    return b"".join(
        json.dumps({"messages": [{"role": "user", "content": one}, {"role": "assistant", "content": two}]}).encode()
        + b"\n"
        for one, two in pairs
    )


def sharegpt(pairs: Pairs) -> bytes:
    turns = ([{"from": "human", "value": one}, {"from": "gpt", "value": two}] for one, two in pairs)
    return json.dumps([{"conversations": each} for each in turns]).encode()


def table(pairs: Pairs) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([("Frage", "Antwort"), *pairs])
    return file.getvalue().encode()


@pytest.mark.parametrize(
    ("path", "made", "spec"),
    [
        ("data/a.jsonl", own, None),
        ("data/a.jsonl.gz", lambda pairs: gzip.compress(own(pairs)), None),
        ("data/a.json", sharegpt, SourceSpec("data/*", "sharegpt")),
        ("data/a.csv", table, SourceSpec("data/*", columns={"user": "Frage", "assistant": "Antwort"})),
    ],
)
def test_the_edit_itself_is_told(path: str, made: Callable[[Pairs], bytes], spec: SourceSpec | None) -> None:
    def read(pairs: Pairs) -> Iterator[Read]:
        return iter(rows_of(path, made(pairs), [spec] if spec else []) or ())

    found = difference(read(BEFORE), read(AFTER))
    assert (len(found.added), len(found.removed), found.unchanged, found.invalid) == (0, 0, 1, (0, 0))
    (edit,) = found.edited
    assert list(edit.messages) == [1]
    old, new = (side.found.messages[1][1] for side in (edit.before, edit.after))
    assert word_diff(old, new) == "They leave at [-six-]{+seven+} in the morning."
