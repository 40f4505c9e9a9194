"""Which environment comes after which -> who is next, who is last, who goes side by side, and who is to get a model."""

import pytest

from mlops.domain.environments.order import PromotionOrder, due

SIMPLE = PromotionOrder({"staging": (), "production": ("staging",)})
REGIONS = PromotionOrder({"dev": (), "staging": ("dev",), "production-eu": ("staging",), "production-us": ("staging",)})
JOINED = PromotionOrder({"a": (), "b": (), "both": ("a", "b")})


@pytest.mark.parametrize(
    ("order", "first", "last", "waves"),
    [
        (SIMPLE, "staging", "production", "staging/production"),
        (REGIONS, "dev", "production-eu production-us", "dev/staging/production-eu production-us"),
        (JOINED, "a b", "both", "a b/both"),
        (PromotionOrder({"only": ()}), "only", "only", "only"),
        (PromotionOrder({}), "", "", ""),
    ],
)
def test_the_order_has_a_beginning_an_end_and_waves(order: PromotionOrder, first: str, last: str, waves: str) -> None:
    assert (" ".join(order.first), " ".join(order.last)) == (first, last)
    assert "/".join(" ".join(wave) for wave in order.waves()) == waves


@pytest.mark.parametrize(
    ("live", "unproven", "blocked", "wanted"),
    [
        ({"staging": "m:2", "production": "m:1"}, ("staging",), {}, "staging production"),
        ({"staging": "m:2", "production": "m:1"}, (), {}, "production"),
        ({"staging": "m:2", "production": "m:2"}, ("staging", "production"), {}, ""),
        ({"staging": "m:2"}, ("staging",), {"staging": "frozen"}, ""),
    ],
)
def test_what_serves_a_model_without_evidence_has_to_be_passed_before_the_next(
    live: dict[str, str | None], unproven: tuple[str, ...], blocked: dict[str, str], wanted: str
) -> None:
    assert " ".join(due(SIMPLE, "m:2", live, blocked, unproven).environments) == wanted


def test_waves_of_some_leave_out_the_others() -> None:
    assert REGIONS.waves(["production-us", "dev"]) == (("dev",), ("production-us",))
    assert REGIONS.next("staging") == ("production-eu", "production-us")
    assert REGIONS.next("production-us") == ()


@pytest.mark.parametrize(
    ("order", "live", "blocked", "wanted", "why"),
    [
        (SIMPLE, {}, {}, "staging production", "production serves nothing and not m:2"),
        (SIMPLE, {"staging": "m:2", "production": "m:1"}, {}, "production", "production serves m:1"),
        (SIMPLE, {"staging": None, "production": "m:2"}, {}, "", "has all traffic in production"),
        (SIMPLE, {"staging": "m:1"}, {"staging": "frozen"}, "", "frozen"),
        (SIMPLE, {"staging": "m:2"}, {"staging": "frozen"}, "production", "production serves nothing"),
        (REGIONS, {"staging": "m:2", "production-eu": "m:2"}, {}, "production-us", "production-us serves nothing"),
        (REGIONS, {"staging": "m:2"}, {"production-eu": "held"}, "production-us", "production-us serves nothing"),
        (REGIONS, {"staging": "m:2", "production-us": "m:2"}, {"production-eu": "held"}, "", "held"),
        (REGIONS, {"production-us": "m:2"}, {}, "dev staging production-eu", "production-eu serves nothing"),
        (REGIONS, {"production-eu": "m:2", "production-us": "m:2"}, {}, "", "production-eu and production-us"),
        (JOINED, {"a": "m:2"}, {}, "b both", "both serves nothing"),
        (PromotionOrder({}), {}, {}, "", "no environment"),
    ],
)
def test_a_model_is_due_where_a_last_environment_does_not_serve_it(
    order: PromotionOrder, live: dict[str, str | None], blocked: dict[str, str], wanted: str, why: str
) -> None:
    found = due(order, "m:2", live, blocked)
    assert " ".join(found.environments) == wanted
    assert why in found.why
