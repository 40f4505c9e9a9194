"""Frames of many rows are judged as their rows are one by one, and the disk changes nothing."""

import hashlib
from typing import Any
from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.dataset import Options, frames, spill
from mlops.domain.dataset import Input, Source
from mlops.domain.dataset.policies import Policies
from tests.prepared import prepared

SOURCE, TEST = Source("a/b", "dataset", "r1", "train"), Source("a/b", "dataset", "r1", "test")
SECRET = "key hf_" + "aBcDe" * 7  # what looks like a token, in two pieces so that no scanner takes it for one


def conversation(number: int) -> list[dict[str, str | None]]:
    topic = hashlib.sha256(str(number).encode()).hexdigest()
    return [{"content": f"Question {topic}?", "role": "user"}, {"content": f"{topic}. Answer.", "role": "assistant"}]


BASE = [{"messages": conversation(number), "prompt": None, "prompt_id": None} for number in range(30)]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        " \t\n",
        "\x1c",
        "\x1fa",
        "\u2003",
        "\u0085 \u2028",
        "nul\0",
        "Grüße, 日本 😀",
        'a "quote"}],"prompt":',
        "back\\slash \b\f\x7f",
        "mail jane@acme.com",
        "user@example.com",
        "\u017fk-" + "a" * 40,
        SECRET,
        "\u00e9ghp_" + "a1B2" * 9,  # a border of words in ASCII alone
        "y" * 76,
        "word. " * 30,
        "call +44 20 7946 0123 or 4539 1488 0343 6467",
        "done<|end|>",
        "[INST] hi",
        "long " * 40,
    ]
)
roles = st.sampled_from(["user", "assistant", "system", "User", ""])
message = st.fixed_dictionaries({"content": texts | st.none(), "role": roles | st.none()})
answered = st.lists(texts, min_size=1, max_size=3).map(
    lambda given: [{"content": text, "role": role} for text in given for role in ("user", "assistant")]
)
row = st.fixed_dictionaries(
    {
        "messages": answered
        | answered.map(lambda given: given[:-1])
        | answered.map(lambda given: [{"content": "Be brief.", "role": "system"}, *given])
        | st.lists(message, max_size=4)
        | st.none(),
        "prompt": texts | st.none(),
        "prompt_id": texts | st.none(),
    }
)
policies = st.sampled_from(["warn", "refuse", "ignore", "redact", {"email": "refuse", "secrets": "redact"}])
limits = st.sampled_from([None, 20, 60])


def frame(rows: list[Any], *, turned: bool) -> pl.DataFrame:
    """The rows as a frame; `turned` puts the role first, as some datasets have it, and more beside it."""
    fields = [pl.Field("content", pl.String), pl.Field("role", pl.String)]
    if turned:
        fields = [fields[1], fields[0], pl.Field("weight", pl.Int64)]
    schema: dict[str, pl.DataType] = {
        "messages": pl.List(pl.Struct(fields)),
        "prompt": pl.String(),
        "prompt_id": pl.String(),
    }
    return pl.DataFrame(rows, schema=schema)


@given(st.lists(row, max_size=12), policies, limits, st.booleans())
@settings(max_examples=80, deadline=None)
def test_a_frame_gives_what_its_rows_give(rows: list[Any], policy: Any, tokens: int | None, turned: bool) -> None:
    options = Options(policies=Policies(policy), max_tokens=tokens and tokens * 4, max_characters=150)
    one = prepared([Input(SOURCE, "train", BASE + rows)], [], options)
    other = prepared([Input(SOURCE, "train", [frame(BASE + rows, turned=turned)])], [], options)
    assert one.files == other.files
    assert one.manifest == other.manifest
    places = [[(each["position"], each["reason"], each["detail"]) for each in two.rejections] for two in (one, other)]
    assert sorted(places[0]) == sorted(places[1])


@given(st.lists(row, max_size=12), st.lists(row, max_size=6), st.sampled_from([{}, {"a/b": 1.5}, {"a/b": 0.9}]))
@settings(max_examples=25, deadline=None)
def test_what_goes_through_the_disk_is_what_stays_in_memory(train: list[Any], test: list[Any], weights: Any) -> None:
    def inputs() -> list[Input]:
        return [Input(SOURCE, "train", [frame(BASE + train, turned=False)]), Input(TEST, "test", test)]

    one = prepared(inputs(), [], Options(weights=weights))
    with patch.object(spill, "PENDING_BYTES", 300):
        other = prepared(inputs(), [], Options(weights=weights))
    assert one == other


def test_plainly_valid_rows_never_become_objects() -> None:
    limits = frames.Limits(characters=1000, tokens=None, policies=Policies())
    rows = [{**each, "prompt": "Why?", "prompt_id": "1"} for each in BASE]
    with patch.object(frames, "check", side_effect=AssertionError("a row was looked at")):
        judged = frames.judge(frame(rows, turned=True), limits)
    assert (judged.count, len(judged.batch.rows), judged.rejected) == (30, 30, [])
