"""A plain schema judges as jsonschema does, whatever it says and whatever the answer is; others are left to it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mlops.domain.evaluation.probes import plain_schema

PROBES = Path(__file__).resolve().parents[2] / "data" / "probes"
NAMES = st.sampled_from(["a", "b", "c"])
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e300, float("nan"), float("inf")]))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, NAMES)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
COUNTS = st.integers(0, 3)
SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.just({}),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(sorted(plain_schema.TYPES)),
            "const": VALUES,
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "additionalProperties": st.booleans(),
            "items": inner,
            "minItems": COUNTS,
            "maxItems": COUNTS,
            "minimum": st.integers(-2, 2),
            "maximum": st.sampled_from([-1.5, 0, 2]),
            "title": st.just("a title"),
        },
    ),
    max_leaves=4,
)


@given(SCHEMAS, VALUES)
@example({"const": [1, {"a": True}]}, [1.0, {"a": 1}])
@example({"enum": [0, "a"]}, False)
@example({"type": "integer"}, 1e300)
def test_both_judge_alike(schema: dict[str, Any], value: Any) -> None:
    assert plain_schema.is_plain(schema)
    assert plain_schema.fits(value, schema) is Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    "more", [{"pattern": "a"}, {"$ref": "#"}, {"type": ["string", "null"]}, {"items": {"not": {}}}]
)
def test_what_is_not_plain_is_left_to_the_library(more: dict[str, Any]) -> None:
    assert not plain_schema.is_plain(more)
    assert not plain_schema.is_plain({"properties": {"a": more}})


def test_the_schemas_of_our_own_probes_are_plain() -> None:
    lines = [json.loads(line) for path in PROBES.glob("*.jsonl") for line in path.read_text().splitlines()]
    found = [check["json"] for probe in lines for check in probe["checks"] if "json" in check]
    assert found
    assert all(map(plain_schema.is_plain, found))
