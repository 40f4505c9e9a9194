"""Judges many rows of a public dataset at once. Rows that are plainly valid never become Python objects.

It must not refuse a row itself: one that is not plainly valid goes to `mlops.domain.dataset.validate.check`, which
knows the reason, and which rows that are Python objects meet at once.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from mlops.dataset.minhash import BLOCK, Integers, signatures
from mlops.dataset.pack import pack
from mlops.dataset.table import ROW, Batch, fill
from mlops.domain.dataset import lost_meaning, personal
from mlops.domain.dataset.policies import Policies, Screened, screen
from mlops.domain.dataset.rows import Fault
from mlops.domain.dataset.validate import Conversation, check, estimated_tokens
from mlops.domain.evaluation.probes.leaks import EDGES, ENDS, Questions

MESSAGES = pl.List(pl.Struct({"content": pl.String, "role": pl.String}))
SEPARATORS = "^[\x1c-\x1f]"  # spaces to Python, not to polars: a text that begins so is looked at closely
# Marks by their length: each of the three becomes one search by the processor's vector instructions, much faster than a
# search for all of them.
SIEVES = {
    kind: "|".join(
        re.escape(mark)
        for mark in sorted({mark for one in personal.PATTERNS if one.sieve == kind for mark in one.marks} | extra)
    )
    for kind, extra in (("letter", set[str]()), ("sign", {"://"}), ("word", set[str]()))
}
NUMBERS = r"(?-u)[0-9][0-9 ()./-]{4}[0-9]|[A-Z]{6}[0-9]{2}[A-Z]"  # in every number that means a person
DIGITS = 3  # times that two digits stand side by side, in every such number
CONTROL_SIEVE = "|".join(re.escape(mark) for mark in lost_meaning.CONTROL_MARKS)
# How Arrow places a text of more than 12 bytes; no JSON object of ours is shorter.
VIEW = np.dtype([("length", "<i4"), ("prefix", "<u4"), ("buffer", "<i4"), ("offset", "<i4")])
ROLES = {"user": 0, "assistant": 1, "system": 2}
OTHER = 3


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


@dataclass(frozen=True)
class _Parts:
    """The messages of a frame's rows, one after the other; their texts also as one piece of UTF-8 with offsets."""

    content: pl.Series
    code: Integers  # role of each message
    row: Integers  # row of each message
    starts: Integers  # first message of each row
    counts: Integers
    data: Integers  # bytes of all of them
    offsets: Integers

    def sums(self, values: Integers) -> Integers:
        """The sum over the messages of each row."""
        found: Integers = np.add.reduceat(values.astype(np.int64), self.starts)
        return found


def judge(given: pl.DataFrame | Sequence[Mapping[str, Any] | Fault], limits: Limits) -> Judged:
    """Every row of a frame with `messages`, `prompt` and `prompt_id`; or of a list, where a fault is a rejected row."""
    frame = _in_order(given) if isinstance(given, pl.DataFrame) else None
    plain, parts = _plain(frame, limits) if frame is not None else (np.zeros(len(given), dtype=bool), None)
    if parts and limits.questions.ends:
        _may_ask(parts, plain, limits.questions)
    kinds = _told(parts, plain, limits.policies) if parts else {}
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


def _plain(frame: pl.DataFrame, limits: Limits) -> tuple[Integers, _Parts | None]:
    """Which rows are valid beyond doubt, and the messages of all rows that have any."""
    nothing = np.zeros(len(frame), dtype=bool)
    wanted = {"messages": MESSAGES, "prompt": pl.String, "prompt_id": pl.String}
    if any(frame.schema.get(name) != kind for name, kind in wanted.items()) or not len(frame):
        return nothing, None
    counts = frame["messages"].list.len().fill_null(0).to_numpy().astype(np.int64)
    if not counts.all():  # an empty list would explode into a message that is not there
        return nothing, None
    every = frame["messages"].explode()
    parts = _parts(every.struct.field("content"), every.struct.field("role"), counts)
    turn = np.arange(len(parts.code)) - np.repeat(parts.starts + (parts.code[parts.starts] == ROLES["system"]), counts)
    in_turn = ((turn >= 0) & (parts.code == turn % 2)) | ((turn == -1) & (parts.code == ROLES["system"]))
    content = parts.content
    texts = _has_text(parts) & ~content.str.contains("\0", literal=True).fill_null(True).to_numpy()
    plain = np.logical_and.reduceat(in_turn & texts, parts.starts)
    last = parts.starts + counts - 1
    plain &= parts.code[last] == ROLES["assistant"]
    plain &= parts.sums(content.str.len_chars().fill_null(0).to_numpy()) <= limits.characters
    if limits.tokens is not None:
        plain &= estimated_tokens(parts.sums(np.diff(parts.offsets)), counts) <= limits.tokens
    for name in ("prompt", "prompt_id"):
        plain &= (~frame[name].str.contains("\0", literal=True)).fill_null(False).to_numpy()
    if "tools" in frame.columns:
        plain &= frame["tools"].is_null().to_numpy()
    return plain, parts


def _parts(content: pl.Series, role: pl.Series, counts: Integers) -> _Parts:
    code = np.full(len(role), OTHER, dtype=np.int8)
    for name, number in ROLES.items():
        code[(role == name).fill_null(False).to_numpy()] = number
    starts = np.cumsum(counts) - counts
    array = content.fill_null("").to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    row = np.repeat(np.arange(len(counts)), counts)
    text = np.frombuffer(data if data else b"", dtype=np.uint8)
    return _Parts(content, code, row, starts, counts, text, places)


def _has_text(parts: _Parts) -> Integers:
    """Which messages are more than spaces. One that begins with a visible ASCII character needs no closer look."""
    filled = parts.offsets[:-1] < parts.offsets[1:]
    found = np.zeros(len(filled), dtype=bool)
    if not filled.any():
        return found
    first = parts.data[parts.offsets[:-1][filled]]
    found[filled] = (first > ord(" ")) & (first < ord("\x7f"))
    unclear = np.flatnonzero(filled & ~found)
    if len(unclear):
        bare = parts.content.gather(unclear).str.strip_chars()
        found[unclear] = ((bare.str.len_bytes() > 0) & ~bare.str.contains(SEPARATORS)).fill_null(False).to_numpy()
    return found


def _fast(frame: pl.DataFrame, parts: _Parts, chosen: Integers) -> Batch:
    """The plain rows as lines, without a Python object for any of them."""
    columns = frame if len(chosen) == len(frame) else frame[chosen]
    heads = [text[:-1] for text in _encoded(columns.select("messages"))]
    tails = [b",%b\n" % bytes(text[1:]) for text in _encoded(columns.select("prompt", "prompt_id"))]
    rows = np.zeros(len(chosen), dtype=ROW)
    fill(rows, heads, tails)
    rows["characters"] = parts.sums(parts.content.str.len_chars().fill_null(0).to_numpy())[chosen]
    rows["turns"] = parts.counts[chosen]
    rows["tokens"] = estimated_tokens(parts.sums(np.diff(parts.offsets)), parts.counts)[chosen]
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


def _may_ask(parts: _Parts, plain: Integers, questions: Questions) -> None:
    """Rows that may ask a question of the evaluation are plain no longer."""
    users = np.flatnonzero((parts.code == ROLES["user"]) & plain[parts.row])
    bare = parts.content.gather(users).str.strip_chars(EDGES).str
    ends = (bare.head(ENDS).str.to_lowercase(), bare.tail(ENDS).str.to_lowercase())
    held = ends[0].is_in(questions.ends) | ends[1].is_in(questions.ends)
    plain[parts.row[users[held.to_numpy()]]] = False


def _told(parts: _Parts, plain: Integers, policies: Policies) -> dict[int, tuple[str, ...]]:
    """Row -> what is only told of it. Rows that hold anything else that is looked for are plain no longer."""
    if policies.control_tokens != "ignore":
        marked = parts.content.str.contains(CONTROL_SIEVE).fill_null(False).to_numpy()
        places = np.flatnonzero(marked & plain[parts.row])
        held = parts.content.gather(places).str.contains(f"(?-u){lost_meaning.CONTROL_TOKENS.pattern}").to_numpy()
        plain[parts.row[places[held]]] = False
    kinds = _personal(parts, plain, policies) if policies.looks else {}
    closer = [row for row, names in kinds.items() if any(policies.of(name) != "warn" for name in names)]
    plain[closer] = False
    return {row: names for row, names in kinds.items() if plain[row]}


def _personal(parts: _Parts, plain: Integers, policies: Policies) -> dict[int, tuple[str, ...]]:
    """Row -> the kinds of secrets and personal data in it that are not ignored, for rows that are plain."""
    marked = {kind: parts.content.str.contains(sieve).fill_null(False).to_numpy() for kind, sieve in SIEVES.items()}
    marked["number"] = _numbers(parts)
    found: dict[int, set[str]] = {}
    for sieve, held_by in marked.items():
        places = np.flatnonzero(held_by & plain[parts.row])
        suspects = parts.content.gather(places)
        for pattern in personal.PATTERNS if len(places) else ():
            if pattern.sieve != sieve or policies.of(pattern.kind) == "ignore":
                continue
            held = np.flatnonzero(suspects.str.contains(_in_ascii(pattern.expression)).to_numpy())
            for place, text in zip(places[held].tolist(), suspects.gather(held).to_list(), strict=True):
                if personal.holds(pattern, text):
                    found.setdefault(int(parts.row[place]), set()).add(pattern.kind)
    return {row: tuple(kinds) for row, kinds in found.items()}


def _numbers(parts: _Parts) -> Integers:
    """Which messages hold a number that may mean a person. Digits side by side are counted first: most have few."""
    pairs = np.zeros(len(parts.data), dtype=bool)
    for start in range(0, len(parts.data), BLOCK):
        digit = (parts.data[start : start + BLOCK + 1] - np.uint8(ord("0"))) < 10
        np.logical_and(digit[:-1], digit[1:], out=pairs[start : start + len(digit) - 1])
    places = np.flatnonzero(pairs)
    count = np.diff(np.searchsorted(places, parts.offsets))
    found: Integers = count >= DIGITS
    some = np.flatnonzero(found)
    found[some] = parts.content.gather(some).str.contains(NUMBERS).fill_null(False).to_numpy()
    return found


def _in_ascii(expression: re.Pattern[str]) -> str:
    """The expression for polars, whose words and digits are those of ASCII as well."""
    return f"(?-u){expression.pattern}"


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
