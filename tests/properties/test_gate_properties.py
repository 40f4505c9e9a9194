"""What must hold for every verdict: monotone, closed, independent of order, and the same after JSON."""

import json
import math
from dataclasses import replace
from itertools import product
from typing import Any, Literal

from hypothesis import assume, given
from hypothesis import strategies as st

from mlops.domain.evaluation.document import document, read
from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.evaluation.rules import Rule, judge, read_metrics

NAMES = ("eval_loss", "train_loss", "perplexity", "rouge1")  # each within its range; others refuse, however good
LOWER = {"eval_loss", "train_loss", "perplexity"}
finite = st.floats(allow_nan=False, allow_infinity=False)
near = st.one_of(st.floats(-20, 20), st.sampled_from([0.0, 1.0, 1.05, 5.0]), finite)
unusable = st.sampled_from([math.nan, math.inf, -math.inf, None, "3.0", True, [1.0]])
loss = st.one_of(st.floats(0, 20), st.sampled_from([0.0, 1.0, 1.05, 5.0]), st.floats(0, allow_infinity=False))
values = {
    "eval_loss": loss,
    "train_loss": loss,
    "perplexity": loss.map(lambda value: 1 + value),
    "rouge1": st.floats(0, 1),
}
metrics = st.fixed_dictionaries({}, optional=values)
champions = st.none() | metrics
# All kinds of rules, so that one is drawn and not its six parts: to draw takes longer than to judge.
EITHER = (False, True)
kinds = st.sampled_from([*product(NAMES, EITHER, EITHER, EITHER, EITHER, EITHER)])


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """A rule whose absolute bound points the way of `better`, as a bound of quality does.

    The other bound (`min` on a loss) guards against what is too good to be true, and is not monotone on purpose.
    """
    name, bounded, regresses, improves, relative, required = draw(kinds)
    better: Literal["lower", "higher"] = "lower" if name in LOWER else "higher"
    limits: dict[str, Any] = {}
    if bounded:
        limits["max" if better == "lower" else "min"] = draw(near)
    if regresses:
        limits["max_regression"] = draw(st.floats(0, 3))
    if improves or not limits:
        limits["min_improvement"] = draw(st.floats(-3, 3))
    return Rule(name, **limits, better=better, relative=relative, required=required)


def one_required(given: list[Rule]) -> list[Rule]:
    """The gate refuses to be asked nothing; to draw until it is not takes longer than to judge."""
    return given if any(rule.required for rule in given) else [replace(given[0], required=True), *given[1:]]


rule_lists = st.lists(rules(), min_size=1, max_size=5).map(one_required)


@given(metrics.filter(bool), champions, rule_lists, st.data())
def test_a_worse_metric_never_turns_refuse_into_pass(
    candidate: dict[str, float], champion: dict[str, float] | None, wanted: list[Rule], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(candidate)))
    value = candidate[name]
    worse = data.draw(
        st.floats(min_value=value, allow_infinity=False, allow_nan=False) if name in LOWER else st.floats(0, value)
    )
    before, after = judge(candidate, champion, wanted), judge({**candidate, name: worse}, champion, wanted)
    assert before.passed or not after.passed


@given(metrics, champions, rule_lists, unusable, st.data())
def test_what_cannot_be_judged_refuses(
    candidate: dict[str, float], champion: dict[str, float] | None, wanted: list[Rule], value: Any, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted({rule.metric for rule in wanted if rule.required})))
    assert not judge({**candidate, name: value}, champion, wanted).passed
    without = {key: number for key, number in candidate.items() if key not in (name, "eval_loss")}
    assert not judge(without, champion, wanted).passed


@given(metrics, metrics, rule_lists, unusable, st.data())
def test_a_champion_that_cannot_be_compared_with_refuses(
    candidate: dict[str, float], champion: dict[str, float], wanted: list[Rule], value: Any, data: st.DataObject
) -> None:
    compared = {r.metric for r in wanted if r.required and (r.max_regression, r.min_improvement) != (None, None)}
    assume(compared)
    name = data.draw(st.sampled_from(sorted(compared)))
    assert not judge(candidate, {**champion, name: value}, wanted).passed


@given(metrics, champions, rule_lists, st.randoms())
def test_the_order_of_rules_does_not_matter(
    candidate: dict[str, float], champion: dict[str, float] | None, wanted: list[Rule], random: Any
) -> None:
    shuffled = list(wanted)
    random.shuffle(shuffled)
    one, other = judge(candidate, champion, wanted), judge(candidate, champion, shuffled)
    assert one.passed == other.passed
    assert sorted(map(repr, one.findings)) == sorted(map(repr, other.findings))


@given(metrics, champions, rules(), st.lists(rules(), min_size=1, max_size=4))
def test_another_required_rule_never_turns_refuse_into_pass(
    candidate: dict[str, float], champion: dict[str, float] | None, first: Rule, others: list[Rule]
) -> None:
    alone = [replace(first, required=True)]
    assert judge(candidate, champion, alone).passed or not judge(candidate, champion, [*alone, *others]).passed


@given(
    st.dictionaries(st.sampled_from(NAMES), near | st.sampled_from([math.nan, math.inf, -math.inf])),
    champions,
    rule_lists,
)
def test_a_verdict_is_decided_again_from_its_document(
    candidate: dict[str, float], champion: dict[str, float] | None, wanted: list[Rule]
) -> None:
    verdict = judge(candidate, champion, wanted)
    theirs = None if champion is None else Champion("phi:3", "production", champion)
    written = json.dumps(document(verdict, Evidence(candidate, theirs), wanted, seed=7), allow_nan=False)
    found, rules, seed = read(written, "verdict.json")
    again = judge(found.metrics, found.champion.metrics if found.champion else None, rules, found.scores(seed))
    assert (repr(again), seed) == (repr(verdict), 7)  # repr, because NaN is not equal to itself


@given(st.dictionaries(st.text(), st.floats()))
def test_metrics_are_the_same_after_a_file(wanted: dict[str, float]) -> None:
    assert repr(read_metrics(json.dumps(wanted))) == repr(wanted)
