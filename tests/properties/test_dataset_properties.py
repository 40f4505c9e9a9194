"""What must hold of preparation for every input: no row lost, no leakage, no dependence on order, no traceback."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.dataset import Options
from mlops.domain.dataset import FILES, Input, Source, conversations
from mlops.domain.dataset.similar import similarity
from mlops.errors import BadInput, Problem
from tests.prepared import Prepared
from tests.prepared import prepared as prepare

TRAIN, TEST = Source("a/b", "dataset", "r1", "train"), Source("a/b", "dataset", "r1", "test")
BASE = [
    {"messages": [{"role": "user", "content": f"base {n * 7919}"}, {"role": "assistant", "content": f"yes {n}"}]}
    for n in range(60)
]

contents = st.sampled_from(
    [
        "What is a quota of virtual cores in a region?",
        "What is a quota of virtual cores in a region??",
        "hi",
        "",
        " ",
        "a" * 60,
        "Grüße aus 日本",
        "mail jane@acme.com",
        "\ud800",
        "nul\0",
    ]
) | st.text(max_size=40)
messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system", "bot"]), "content": contents}),
    max_size=5,
)
good = st.lists(contents, min_size=2, max_size=4).map(
    lambda texts: [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]
)
values = st.one_of(
    st.builds(lambda m: {"messages": m}, good | messages),
    st.dictionaries(
        st.sampled_from(["messages", "prompt", "x"]), st.none() | st.integers() | st.text(max_size=5), max_size=3
    ),
)
many = st.lists(values, max_size=25)


def run(train: list[Any], test: list[Any], curated: bytes = b"", seed: int = 1) -> Prepared:
    inputs = [Input(TRAIN, "train", BASE + train), Input(TEST, "test", test)]
    return prepare(inputs, [("data/c.jsonl", curated)], Options(seed=seed, max_characters=100))


@given(many, many)
@settings(max_examples=60, deadline=None)
def test_rows_kept_and_rejected_are_the_rows_read(train: list[Any], test: list[Any]) -> None:
    prepared = run(train, test)
    sources = {source.split: source for source in prepared.manifest.sources if source.split}
    assert {split: source.read for split, source in sources.items()} == {
        "train": len(BASE) + len(train),
        "test": len(test),
    }
    for source in sources.values():
        assert source.kept + sum(source.rejected.values()) == source.read
    assert sum(source.kept for source in sources.values()) == sum(data.count(b"\n") for data in prepared.files.values())


@given(many, many, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_does_not_matter(train: list[Any], test: list[Any], rng: Any) -> None:
    one = run(train, test)
    shuffled = [*BASE, *train]
    rng.shuffle(shuffled)
    inputs = [Input(TEST, "test", test[::-1]), Input(TRAIN, "train", shuffled)]
    two = prepare(inputs, [("data/c.jsonl", b"")], Options(seed=1, max_characters=100))
    assert one.files == two.files
    assert one.manifest.to_json() == two.manifest.to_json()


@given(many, many, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_no_conversation_stands_in_two_places(train: list[Any], test: list[Any], seed: int) -> None:
    prepared = run(train, test, seed=seed)
    texts = [json.dumps(row["messages"]) for data in prepared.files.values() for row in conversations(data)]
    assert len(texts) == len(set(texts))


@given(
    st.lists(st.sampled_from([0, 1, 2, 3]), min_size=1, max_size=6), st.lists(st.sampled_from([0, 1, 2, 3]), max_size=6)
)
@settings(max_examples=40, deadline=None)
def test_nothing_nearly_equal_to_a_test_row_is_trained_on(in_train: list[int], in_test: list[int]) -> None:
    long = "An endpoint divides its traffic between deployments in whole percent that add up to one hundred. " * 6

    def variant(n: int) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": "And then?"}, {"role": "assistant", "content": f"{long}{n}"}]}

    inputs = [
        Input(TRAIN, "train", BASE + [variant(n) for n in in_train]),
        Input(TEST, "test", [variant(n) for n in in_test]),
    ]
    prepared = prepare(inputs, [], Options())
    kept = [row["messages"][1]["content"] for name in FILES.values() for row in conversations(prepared.files[name])]
    variants = [text for text in kept if text.startswith("An endpoint")]
    assert len(variants) == 1
    assert similarity(variant(0)["messages"][1]["content"].encode(), variants[0].encode()) >= 0.85
    if in_test:
        assert variants[0].encode() in prepared.files["test.jsonl"]


broken = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.one_of(
            values.map(lambda v: json.dumps(v).encode()),
            st.sampled_from(
                [b"{", b"null", b"\xef\xbb\xbf{}", b"\xff\xfe{\0", b"[" * 5000, b"{}\r", b"1e999", b"NaN", b"9" * 5000]
            ),
            st.binary(max_size=30),
        ),
        max_size=8,
    ).map(b"\n".join),
)


@given(broken, st.sampled_from(["data/c.jsonl", "data/c.parquet"]))
@settings(max_examples=200, deadline=None)
def test_whatever_a_curated_file_holds_the_answer_is_data_or_an_explained_refusal(data: bytes, path: str) -> None:
    refused: tuple[Problem, ...] = ()
    files: Mapping[str, bytes] = {}
    try:
        files = prepare([Input(TRAIN, "train", BASE)], [(path, data)], Options()).files
    except BadInput as error:
        refused = error.problems
    assert bool(files) != bool(refused)
    assert all(content.decode("utf-8") or name == "test.jsonl" for name, content in files.items())
    assert all(problem.where == path and problem.what and problem.fix for problem in refused)
