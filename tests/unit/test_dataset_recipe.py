"""The recipe digest changes with the inputs of preparation and with nothing else."""

import pytest

from mlops.domain.dataset import recipe, recipe_digest

PARAMS = {"seed": 42, "validation_share": 0.1, "dataset": {"id": "a/b", "percent": 5}, "name": "x", "curated": "data"}
FILES = [("data/a.jsonl", b"one"), ("data/b.parquet", b"two")]


def test_it_is_thirty_hex_digits() -> None:
    digest = recipe_digest(PARAMS, FILES)
    assert len(digest) == 30
    assert set(digest) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "params",
    [
        dict(reversed(PARAMS.items())),
        {**PARAMS, "name": "y"},
        {**PARAMS, "curated": "elsewhere"},
        {**PARAMS, "dataset": {"percent": 5.0, "id": "a/b"}},
    ],
)
def test_order_of_keys_names_of_things_and_spelling_of_numbers_do_not_count(params: dict[str, object]) -> None:
    assert recipe_digest(params, FILES) == recipe_digest(PARAMS, FILES)


@pytest.mark.parametrize("files", [FILES[::-1], [("other/renamed.jsonl", b"one"), ("data/b.parquet", b"two")]])
def test_order_and_names_of_files_do_not_count(files: list[tuple[str, bytes]]) -> None:
    assert recipe_digest(PARAMS, files) == recipe_digest(PARAMS, FILES)


@pytest.mark.parametrize(
    "params",
    [
        {**PARAMS, "seed": 43},
        {**PARAMS, "validation_share": 0.2},
        {**PARAMS, "dataset": {"id": "a/b", "percent": 6}},
        {**PARAMS, "dataset": None},
    ],
)
def test_every_parameter_of_the_rows_counts(params: dict[str, object]) -> None:
    assert recipe_digest(params, FILES) != recipe_digest(PARAMS, FILES)


@pytest.mark.parametrize(
    "files",
    [FILES[:1], [*FILES, FILES[0]], [("data/a.jsonl", b"ONE"), FILES[1]], [("data/a.parquet", b"one"), FILES[1]]],
)
def test_every_byte_of_the_curated_files_counts(files: list[tuple[str, bytes]]) -> None:
    assert recipe_digest(PARAMS, files) != recipe_digest(PARAMS, FILES)


def test_the_version_of_the_preparation_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe_digest(PARAMS, FILES)
    monkeypatch.setattr(recipe, "PREPARATION_VERSION", recipe.PREPARATION_VERSION + 1)
    assert recipe_digest(PARAMS, FILES) != before


def test_the_names_of_files_count_where_weights_go_by_name() -> None:
    one, other = [("data/a.jsonl", b"x")], [("data/b.jsonl", b"x")]
    assert recipe_digest({"seed": 1, "weights": {}}, one) == recipe_digest({"seed": 1, "weights": {}}, other)
    weights = {"seed": 1, "weights": {"data/a*": 2}}
    assert recipe_digest(weights, one) != recipe_digest(weights, other)
