"""Judges many rows of a public dataset at once. Rows that are plainly valid never become Python objects.

It must not refuse a row itself: one that is not plainly valid goes to `mlops.domain.dataset.validate.check`, which
knows the reason, and which rows that are Python objects meet at once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from mlops.dataset import suspects
from mlops.dataset.minhash import Integers, signatures
from mlops.dataset.pack import pack
from mlops.dataset.parts import ROLES, Parts, parts_of
from mlops.dataset.table import ROW, Batch, fill
from mlops.domain.dataset.policies import Policies, Screened, screen
from mlops.domain.dataset.rows import Fault
from mlops.domain.dataset.validate import Conversation, check, estimated_tokens
from mlops.domain.evaluation.probes.leaks import Questions

MESSAGES = pl.List(pl.Struct({"content": pl.String, "role": pl.String}))
# How Arrow places a text of more than 12 bytes; no JSON object of ours is shorter.
VIEW = np.dtype([("length", "<i4"), ("prefix", "<u4"), ("buffer", "<i4"), ("offset", "<i4")])


@dataclass(frozen=True)
class Limits:
    """Beyond them a conversation is rejected. `policies` say what becomes of one with secrets or control tokens."""

    characters: int
    tokens: int | None
    policies: Policies
    questions: Questions = field(default_factory=Questions)


@dataclass(frozen=True)
class Rejected:
    """A row that is not used: its place among the rows of the frame, why, and what it held."""

    place: int
    fault: Fault
    value: Mapping[str, Any] | Fault


@dataclass(frozen=True)
class Judged:
    """What became of the rows of a frame: `places` are those of the batch's rows."""

    count: int
    batch: Batch
    places: Integers
    rejected: list[Rejected]
    personal: Counter[str]
    redacted: Counter[str]


def judge(given: pl.DataFrame | Sequence[Mapping[str, Any] | Fault], limits: Limits) -> Judged:
    """Every row of a frame with `messages`, `prompt` and `prompt_id`; or of a list, where a fault is a rejected row."""
    frame = _in_order(given) if isinstance(given, pl.DataFrame) else None
    plain, parts = _plain(frame, limits) if frame is not None else (np.zeros(len(given), dtype=bool), None)
    if parts and limits.questions.ends:
        suspects.may_ask(parts, plain, limits.questions)
    kinds = suspects.told(parts, plain, limits.policies) if parts else {}
    found = np.flatnonzero(plain)
    personal_data, redacted = Counter(name for names in kinds.values() for name in names), Counter[str]()
    refused: dict[int, Fault] = {}
    good: dict[int, Conversation] = {}
    for place in np.flatnonzero(~plain).tolist():
        verdict = _slowly(_value(given, place), limits)
        if isinstance(verdict, Fault):
            refused[place] = verdict
            continue
        assert verdict.found
        good[place] = verdict.found
        personal_data.update(verdict.kinds)
        redacted.update(verdict.redacted)
    batches = [pack(list(good.values()))] if good else []
    if frame is not None and parts and len(found):
        batches.append(_fast(frame, parts, found))
    return Judged(
        len(given),
        Batch(
            np.concatenate([np.empty(0, dtype=ROW), *(batch.rows for batch in batches)]),
            [head for batch in batches for head in batch.heads],
            [tail for batch in batches for tail in batch.tails],
        ),
        np.array([*good, *found.tolist()], dtype=np.int64),
        [Rejected(place, fault, _value(given, place)) for place, fault in sorted(refused.items())],
        personal_data,
        redacted,
    )


def _plain(frame: pl.DataFrame, limits: Limits) -> tuple[Integers, Parts | None]:
    """Which rows are valid beyond doubt, and the messages of all rows that have any."""
    nothing = np.zeros(len(frame), dtype=bool)
    wanted = {"messages": MESSAGES, "prompt": pl.String, "prompt_id": pl.String}
    if any(frame.schema.get(name) != kind for name, kind in wanted.items()) or not len(frame):
        return nothing, None
    counts = frame["messages"].list.len().fill_null(0).to_numpy().astype(np.int64)
    if not counts.all():  # an empty list would explode into a message that is not there
        return nothing, None
    every = frame["messages"].explode()
    parts = parts_of(every.struct.field("content"), every.struct.field("role"), counts)
    turn = np.arange(len(parts.code)) - np.repeat(parts.starts + (parts.code[parts.starts] == ROLES["system"]), counts)
    in_turn = ((turn >= 0) & (parts.code == turn % 2)) | ((turn == -1) & (parts.code == ROLES["system"]))
    plain = np.logical_and.reduceat(in_turn & parts.with_text() & ~parts.with_nul(), parts.starts)
    last = parts.starts + counts - 1
    plain &= parts.code[last] == ROLES["assistant"]
    plain &= parts.sums(parts.characters) <= limits.characters
    if limits.tokens is not None:
        plain &= estimated_tokens(parts.sums(np.diff(parts.offsets)), counts) <= limits.tokens
    for name in ("prompt", "prompt_id"):
        plain &= (~frame[name].str.contains("\0", literal=True)).fill_null(False).to_numpy()
    if "tools" in frame.columns:
        plain &= frame["tools"].is_null().to_numpy()
    return plain, parts


def _fast(frame: pl.DataFrame, parts: Parts, chosen: Integers) -> Batch:
    """The plain rows as lines, without a Python object for any of them."""
    columns = frame if len(chosen) == len(frame) else frame[chosen]
    heads = [text[:-1] for text in _encoded(columns.select("messages"))]
    tails = [b",%b\n" % bytes(text[1:]) for text in _encoded(columns.select("prompt", "prompt_id"))]
    rows = np.zeros(len(chosen), dtype=ROW)
    fill(rows, heads, tails)
    rows["characters"] = parts.sums(parts.characters)[chosen]
    rows["turns"] = parts.counts[chosen]
    rows["tokens"] = estimated_tokens(parts.sums(np.diff(parts.offsets)), parts.counts)[chosen]
    sizes = np.diff(parts.offsets)
    rows["learned"] = parts.sums(np.where(parts.code == ROLES["assistant"], sizes, 0))[chosen]
    first = parts.starts[chosen]
    begins = parts.offsets[first + (parts.code[first] == ROLES["system"])]
    rows["signature"] = signatures(parts.data, begins, parts.offsets[first + parts.counts[chosen]])
    return Batch(rows, heads, tails)


def _encoded(columns: pl.DataFrame) -> Iterator[memoryview]:
    """Each row as a JSON object. The texts lie in memory of polars, and are not copied."""
    texts = columns.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    _, views, *buffers = array.buffers()
    places = np.frombuffer(views, dtype=VIEW)[array.offset : array.offset + len(array)]
    data = [memoryview(buffer) for buffer in buffers]
    lengths, numbers, offsets = places["length"].tolist(), places["buffer"].tolist(), places["offset"].tolist()
    for length, number, offset in zip(lengths, numbers, offsets, strict=True):
        yield data[number][offset : offset + length]


def _slowly(value: Mapping[str, Any] | Fault, limits: Limits) -> Screened | Fault:
    if isinstance(value, Fault):
        return value
    found = check(value, limits.characters, limits.tokens)
    if isinstance(found, Fault):
        return found
    if fault := limits.questions.asked(found.messages):
        return fault
    screened = screen(found, limits.policies)
    return screened.fault or screened


def _value(given: pl.DataFrame | Sequence[Mapping[str, Any] | Fault], place: int) -> Any:
    return given.row(place, named=True) if isinstance(given, pl.DataFrame) else given[place]


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with messages that are content and role and nothing else, where they hold both as text."""
    kind = frame.schema.get("messages")
    if kind == MESSAGES or not isinstance(kind, pl.List) or not isinstance(kind.inner, pl.Struct):
        return frame
    if any(pl.Field(name, pl.String) not in kind.inner.fields for name in ("content", "role")):
        return frame
    element = pl.element().struct
    pair = pl.struct(element.field("content"), element.field("role"))
    return frame.with_columns(pl.col("messages").list.eval(pair))
