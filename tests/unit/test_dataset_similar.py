"""Near duplicates: one measure for every script, and a search that finds what the measure calls near."""

import numpy as np
import pytest

from mlops.dataset.minhash import signatures
from mlops.dataset.near import MOST, WHOLE_BUCKET, Measured, nearly_equal
from mlops.dataset.table import ABSENT, BINS
from mlops.domain.dataset.similar import shingles, similarity
from tests.near_pairs import KINDS, pairs

LIMIT = 0.85


def found(texts: list[bytes], limit: float = LIMIT) -> dict[int, int]:
    """Which of the texts are left out, and for which other one each."""
    ends = np.cumsum([len(text) for text in texts])
    signed = signatures(np.frombuffer(b"".join(texts), dtype=np.uint8), np.append(0, ends[:-1]), ends)
    order = np.arange(len(texts))
    index_of = Measured(lambda place: shingles(texts[place]))
    return {
        one.row: one.other for one in nearly_equal(signed, order, np.zeros(len(texts), dtype=bool), limit, index_of)
    }


def test_the_index_is_that_of_the_sets_of_shingles() -> None:
    one, other = b"abcdefghijklmnopqrst", b"abcdefghijklmnopqrsX"
    assert len(shingles(one)) == 5
    assert similarity(one, one) == 1
    assert similarity(one, other) == pytest.approx(4 / 6)
    assert similarity(b"too short", b"too short") == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Quota of this\nregion is used up", "the quota of this region is used UP"),
        ("ÜBER DIE GRÖSSE DER GERÄTE", "über die grösse der geräte"),
    ],
)
def test_case_and_line_breaks_do_not_count(one: str, other: str) -> None:
    assert similarity(one.encode(), other.encode()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_are_found_whatever_they_are_written_in(kind: str) -> None:
    near = [pair for pair in pairs(kind, 120, seed=1) if similarity(*pair) >= LIMIT + 0.05]
    assert len(near) >= 30
    texts = [text for pair in near for text in pair]
    left_out = found(texts)
    assert sum(1 for number in range(1, len(texts), 2) if left_out.get(number) == number - 1) >= 0.98 * len(near)
    assert all(similarity(texts[row], texts[other]) >= LIMIT for row, other in left_out.items())


@pytest.mark.parametrize("limit", [0.5, 0.7, 0.9])
def test_other_limits_are_met_as_well(limit: float) -> None:
    near = [pair for pair in pairs("prose", 300, seed=2) if limit + 0.05 <= similarity(*pair) < 1]
    texts = [text for pair in near for text in pair]
    assert len(near) >= 20
    assert len(found(texts, limit)) >= 0.98 * len(near)


def test_a_signature_does_not_depend_on_what_stands_around_it() -> None:
    texts = [text for kind in KINDS for pair in pairs(kind, 3, seed=3) for text in pair] + [b"", b"short", b"x" * 17]
    ends = np.cumsum([len(text) for text in texts])
    together = signatures(np.frombuffer(b"".join(texts), dtype=np.uint8), np.append(0, ends[:-1]), ends)
    for number, text in enumerate(texts):
        one = np.array([0]), np.array([len(text)])
        alone = signatures(np.frombuffer(text, dtype=np.uint8), *one)
        assert (alone[0] == together[number]).mean() > 0.8  # more is looked at of a text among long ones
    assert (together[-2] == ABSENT).all()
    assert together.shape == (len(texts), BINS)


def test_a_near_pair_is_found_among_many_rows_that_share_most_of_their_text() -> None:
    ((context, _),) = pairs("prose", 1, seed=4)
    texts = [context + f" What about case {n * 104729}, {n * 1299709} and {n * 15485863}?".encode() for n in range(900)]
    texts.append(texts[450].replace(b"case", b"number"))
    left_out = found(texts, 0.9)
    assert similarity(texts[450], texts[900]) >= 0.9
    assert 900 in left_out
    assert len(texts) > WHOLE_BUCKET > MOST


def test_of_a_chain_each_is_compared_with_what_stays() -> None:
    words = [f"word{n}" for n in range(100)]
    chain = [" ".join(words[:n] + [f"other{m}" for m in range(n, 100)]).encode() for n in (100, 96, 92)]
    left_out = found(chain)
    assert similarity(chain[0], chain[2]) < LIMIT <= min(similarity(*chain[:2]), similarity(*chain[1:]))
    assert left_out == {1: 0}


def test_what_is_protected_stays() -> None:
    text = b"Nearly the same text stands here, again and again, and it is long enough to be compared."
    texts = [text, text + b"!"]
    ends = np.cumsum([len(one) for one in texts])
    signed = signatures(np.frombuffer(b"".join(texts), dtype=np.uint8), np.append(0, ends[:-1]), ends)
    index_of = Measured(lambda place: shingles(texts[place]))
    assert not list(nearly_equal(signed, np.arange(2), np.array([False, True]), LIMIT, index_of))
