"""When the numbers of a new deployment are good, bad, or too few to say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.promote.canary import (
    UNUSABLE,
    CanaryJudgement,
    CanaryLimits,
    Health,
    Numbers,
    combine,
    is_fault,
    judge,
    percentile,
)

LIMITS = CanaryLimits(minimum_requests=10)


def numbers(requests: dict[int, float], p95: float | None = None) -> Numbers:
    return Numbers("Azure Monitor", requests, p95)


@pytest.mark.parametrize(
    ("new", "old", "health", "says"),
    [
        (numbers({200: 100}, 300), numbers({200: 900}, 280), Health.GOOD, "100 requests (2xx 100)"),
        (numbers({200: 9}), None, Health.UNKNOWN, "9 requests, too few"),
        (numbers({200: 90, 424: 10}), None, Health.BAD, "10.0% of 100 requests failed (424: 10), limit 2.0%"),
        (numbers({200: 90, 401: 10}), None, Health.GOOD, "4xx 10"),
        (numbers({200: 985, 503: 15}), numbers({200: 900}), Health.BAD, "the old one 0.0%"),
        (numbers({200: 985, 503: 15}), numbers({200: 9}), Health.GOOD, "1.5% errors"),
        (numbers({200: 90, UNUSABLE: 10}), None, Health.BAD, "no usable answer: 10"),
        (numbers({200: 90}, 5000), numbers({200: 90}, 2000), Health.BAD, "the old one's 2000 ms"),
        (numbers({200: 90}, 900), numbers({200: 90}, 100), Health.GOOD, "p95 900 ms"),
        (numbers({200: 90}, 5000), None, Health.GOOD, "p95 5000 ms"),
        (numbers({}), None, Health.UNKNOWN, "0 requests"),
    ],
)
def test_a_judgement_and_its_reason(new: Numbers, old: Numbers | None, health: Health, says: str) -> None:
    found = judge(new, old, LIMITS)
    assert found.health is health, found.why
    assert says in found.why


def test_an_absolute_limit_on_latency_needs_no_old_deployment() -> None:
    assert judge(numbers({200: 50}, 900), None, CanaryLimits(p95_ms=800)).health is Health.BAD


def test_one_slow_answer_among_few_is_not_compared() -> None:
    limits = CanaryLimits(minimum_to_compare_latency=10)
    assert judge(numbers({200: 5}, 9000), numbers({200: 50}, 100), limits).health is Health.GOOD
    assert judge(numbers({200: 10}, 9000), numbers({200: 50}, 100), limits).health is Health.BAD


def test_bad_weighs_more_than_good_and_good_more_than_unknown() -> None:
    good, bad, unknown = (CanaryJudgement(health, health) for health in (Health.GOOD, Health.BAD, Health.UNKNOWN))
    assert combine([good, bad, unknown]).health is Health.BAD
    assert combine([unknown, good]).health is Health.GOOD
    assert combine([unknown]).health is Health.UNKNOWN
    assert combine([]).health is Health.UNKNOWN


def test_a_percentile_is_a_value_that_occurred() -> None:
    assert percentile([1, 2, 3, 4], 50) == 2
    assert percentile([5], 95) == 5
    assert percentile([], 95) is None


@given(st.dictionaries(st.sampled_from([0, 200, 401, 404, 408, 424, 429, 500, 503]), st.integers(1, 500)))
def test_more_errors_never_make_it_better(requests: dict[int, float]) -> None:
    worse = {**requests, 500: requests.get(500, 0) + 100}
    before, after = judge(numbers(requests), None, LIMITS), judge(numbers(worse), None, LIMITS)
    assert (before.health, after.health) != (Health.BAD, Health.GOOD)
    assert numbers(worse).error_share >= numbers(requests).error_share
    assert sum(numbers(requests).classes().values()) == numbers(requests).total
    assert all(is_fault(status) for status in (0, 408, 424, 429, 500))
