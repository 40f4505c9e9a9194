"""What a poll does about each run: facts -> decisions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops.domain.environments.order import PromotionOrder
from mlops.domain.promote import promotion_record
from mlops.domain.promote.promotion_record import PromotionRecord, PromotionState
from mlops.domain.release.precedence import Asked, is_older
from mlops.domain.release.resume import MOST_RETRIES, PROMOTION_BOUND, Run, RunAction, decide
from mlops.domain.training.run import JobState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO = NOW - PROMOTION_BOUND
BOTH = ("staging", "production")
ORDER = PromotionOrder({"staging": (), "production": ("staging",)})
DONE, FAILED = JobState.COMPLETED, JobState.FAILED


def registered(**promotions: PromotionRecord) -> Run:
    return Run("ft-1", DONE, NOW, model="m:1", registered=LONG_AGO, promotions=promotions)


def mark(progress: PromotionState, *, at: datetime = NOW, retries: int = 0) -> PromotionRecord:
    return PromotionRecord(progress, at, retries)


def one(run: Run, outdated: tuple[str, ...] = (), /, **live: str) -> tuple[RunAction, str, str]:
    (found,) = decide([run], ORDER, live, NOW, outdated)
    return found.act, next(iter(found.environments), ""), found.reason


@pytest.mark.parametrize(
    ("run", "act", "why"),
    [
        (Run("ft-1", JobState.RUNNING), RunAction.WAIT, "under way"),
        (Run("ft-1", JobState.QUEUED), RunAction.WAIT, "under way"),
        (Run("ft-1", DONE), RunAction.JUDGE, "neither refused nor registered"),
        (Run("ft-1", DONE, refused=True), RunAction.NOTHING, "refused by the gate"),
        (Run("ft-1", FAILED, NOW), RunAction.FAILED, "did not end well"),
        (Run("ft-1", FAILED), RunAction.FAILED, "did not end well"),
        (Run("ft-1", JobState.NOT_RESPONDING, NOW), RunAction.FAILED, "did not end well"),
        (Run("ft-1", FAILED, NOW, told=True), RunAction.NOTHING, "which was told"),
        (Run("ft-1", FAILED, NOW - timedelta(days=3)), RunAction.NOTHING, "3 days ago"),
        (Run("ft-1", JobState.CANCELED, NOW), RunAction.NOTHING, "canceled"),
        (Run("ft-2", DONE, model="m:1", made_it=False), RunAction.NOTHING, "an earlier run of the same release"),
    ],
)
def test_a_run_without_a_model_of_its_own(run: Run, act: RunAction, why: str) -> None:
    found = one(run)
    assert found[0] is act
    assert why in found[2]


@pytest.mark.parametrize(
    ("run", "live", "act", "where"),
    [
        (registered(), {"production": "m:1"}, RunAction.NOTHING, ""),
        (registered(), {}, RunAction.PROMOTE, "staging"),
        (Run("ft-1", DONE, model="m:1", registered=NOW), {}, RunAction.NOTHING, ""),  # `train` is about to promote it
        (registered(), {"staging": "m:1"}, RunAction.NOTHING, ""),  # an approval is a person's answer
        (registered(staging=mark(PromotionState.REQUESTED)), {}, RunAction.WAIT, ""),
        (registered(staging=mark(PromotionState.REQUESTED, at=LONG_AGO)), {}, RunAction.PROMOTE, "staging"),
        (registered(staging=mark(PromotionState.BEGUN)), {}, RunAction.WAIT, ""),
        (registered(staging=mark(PromotionState.BEGUN, at=LONG_AGO)), {}, RunAction.PROMOTE, "staging"),
        (registered(staging=mark(PromotionState.INTERRUPTED)), {}, RunAction.PROMOTE, "staging"),
        (registered(staging=mark(PromotionState.INTERRUPTED, retries=MOST_RETRIES)), {}, RunAction.NOTHING, ""),
        (registered(staging=mark(PromotionState.REFUSED)), {}, RunAction.NOTHING, ""),
        (registered(staging=mark(PromotionState.DONE)), {}, RunAction.NOTHING, ""),  # torn down, or rolled back
        (
            registered(production=mark(PromotionState.DONE)),
            {"staging": "m:1", "production": "m:0"},
            RunAction.NOTHING,
            "",
        ),
        (registered(production=mark(PromotionState.INTERRUPTED)), {"staging": "m:1"}, RunAction.PROMOTE, "production"),
        (
            registered(production=mark(PromotionState.BEGUN, at=LONG_AGO)),
            {"staging": "m:1"},
            RunAction.PROMOTE,
            "production",
        ),
    ],
)
def test_a_registered_model_is_promoted_again_only_where_that_was_cut_off(
    run: Run, live: dict[str, str], act: RunAction, where: str
) -> None:
    assert one(run, **live)[:2] == (act, where)


def test_a_failure_is_history_when_a_newer_run_was_submitted() -> None:
    found = decide([Run("ft-2", JobState.RUNNING), Run("ft-1", FAILED, NOW)], ORDER, {}, NOW)
    assert [decision.act for decision in found] == [RunAction.WAIT, RunAction.NOTHING]


def test_only_the_newest_model_is_promoted_and_none_beside_a_run_that_is_to_be_judged() -> None:
    older = Run("ft-0", DONE, model="m:0", registered=LONG_AGO)
    assert [d.act for d in decide([registered(), older], ORDER, {}, NOW)] == [RunAction.PROMOTE, RunAction.NOTHING]
    assert [d.act for d in decide([Run("ft-2", DONE), registered()], ORDER, {}, NOW)] == [
        RunAction.JUDGE,
        RunAction.NOTHING,
    ]
    assert [d.act for d in decide([Run("ft-2", DONE, refused=True), older], ORDER, {}, NOW)][1] is RunAction.PROMOTE


def test_what_a_person_took_back_or_froze_is_left_alone() -> None:
    run = replace(registered(production=mark(PromotionState.INTERRUPTED)), blocked={"production": "m:1 is held"})
    (found,) = decide([run], ORDER, {"staging": "m:1"}, NOW)
    assert (found.act, found.reason) == (RunAction.NOTHING, "m:1 is held")


HISTORY = {"a": 1, "b": 2, "c": 3}  # commits in a line, the newest last


def is_ancestor(one: str, other: str) -> bool | None:
    return HISTORY[one] < HISTORY[other] if one in HISTORY and other in HISTORY else None


def run(name: str, commit: str, minutes: int, **more: Any) -> Run:
    return Run(name, DONE, LONG_AGO + timedelta(minutes=minutes), commit=commit, **more)


def test_an_older_commit_that_ends_later_is_registered_at_most() -> None:
    """A was submitted, B was submitted and promoted, and now A ends: its version will be the higher one."""
    newer = run("ft-b", "b", 1, model="m:1", registered=LONG_AGO)
    found = decide([newer, run("ft-a", "a", 0)], ORDER, {"production": "m:1"}, NOW, (), is_ancestor)
    assert [(one.run.name, one.act, one.superseded_by) for one in found] == [
        ("ft-b", RunAction.NOTHING, ""),
        ("ft-a", RunAction.JUDGE, "ft-b"),
    ]


def test_history_weighs_more_than_time_and_time_counts_where_history_says_nothing() -> None:
    again = run("ft-a2", "a", 9)  # an old commit, trained once more
    newer = run("ft-b", "b", 1, model="m:1", registered=LONG_AGO)
    assert [one.run.name for one in decide([again, newer], ORDER, {}, NOW, (), is_ancestor)] == ["ft-b", "ft-a2"]
    foreign = run("ft-x", "of a branch that is gone", 9)
    assert [one.run.name for one in decide([newer, foreign], ORDER, {}, NOW, (), is_ancestor)] == ["ft-x", "ft-b"]


def test_a_commit_that_returned_to_an_older_model_makes_it_the_newest() -> None:
    record = mark(PromotionState.INTERRUPTED)
    back = run("ft-a", "a", 0, model="m:1", registered=LONG_AGO, promotions={"staging": replace(record, commit="c")})
    newer = run("ft-b", "b", 1, model="m:2", registered=LONG_AGO)
    found = decide([newer, back], ORDER, {"staging": "m:2", "production": "m:2"}, NOW, (), is_ancestor)
    assert [(one.run.name, one.act, next(iter(one.environments), "")) for one in found] == [
        ("ft-a", RunAction.PROMOTE, "staging"),
        ("ft-b", RunAction.NOTHING, ""),
    ]


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        (Asked("a"), Asked("b"), True),
        (Asked("b"), Asked("a"), False),
        (Asked("b", NOW), Asked("b", LONG_AGO), False),
        (Asked("a", NOW), Asked("b", LONG_AGO), True),
        (Asked("x", LONG_AGO), Asked("b", NOW), True),
        (Asked("", LONG_AGO), Asked("b", NOW), True),
        (Asked("x"), Asked("b", NOW), None),
        (Asked(), Asked(), None),
    ],
)
def test_who_was_asked_for_first(one: Asked, other: Asked, older: bool | None) -> None:
    assert is_older(one, other, is_ancestor) is older


REGIONS = PromotionOrder({"staging": (), "eu": ("staging",), "us": ("staging",), "archive": ("us",)})


@pytest.mark.parametrize(
    ("marks", "live", "act", "where"),
    [
        ({}, "", RunAction.PROMOTE, "staging eu us archive"),
        ({"staging": mark(PromotionState.INTERRUPTED)}, "", RunAction.PROMOTE, "staging eu us archive"),
        ({"us": mark(PromotionState.INTERRUPTED)}, "staging", RunAction.PROMOTE, "us archive"),
        ({"us": mark(PromotionState.INTERRUPTED)}, "staging eu", RunAction.PROMOTE, "us archive"),
        ({"us": mark(PromotionState.BEGUN)}, "staging", RunAction.WAIT, ""),
        ({"eu": mark(PromotionState.REFUSED)}, "staging", RunAction.NOTHING, ""),
        ({"us": mark(PromotionState.DONE)}, "staging us", RunAction.NOTHING, ""),  # eu and archive wait for a person
        ({}, "eu archive", RunAction.NOTHING, ""),  # staging was torn down, and nothing needs it
    ],
)
def test_each_branch_is_carried_on_by_itself(
    marks: dict[str, PromotionRecord], live: str, act: RunAction, where: str
) -> None:
    (found,) = decide([registered(**marks)], REGIONS, dict.fromkeys(live.split(), "m:1"), NOW)
    assert (found.act, " ".join(found.environments)) == (act, where)


def test_a_mark_survives_its_tag_and_a_spoilt_one_is_none() -> None:
    written = replace(mark(PromotionState.BEGUN, retries=2), commit="c0ffee")
    staging, production = map(promotion_record.record_tag, BOTH)
    tags = {staging: written.to_tag(), production: "begun often lately"}
    assert promotion_record.read(tags, BOTH) == {"staging": written}
    assert promotion_record.read({staging: mark(PromotionState.DONE).to_tag()}, BOTH)["staging"].commit == ""


OLD = mark(PromotionState.DONE, at=LONG_AGO)


@pytest.mark.parametrize(
    ("run", "outdated", "act", "where", "why"),
    [
        (registered(staging=OLD, production=OLD), BOTH, RunAction.PROMOTE, "staging", "other serving settings"),
        (registered(), ("staging",), RunAction.PROMOTE, "staging", "other serving settings"),
        (registered(staging=mark(PromotionState.DONE)), BOTH, RunAction.NOTHING, "", "whoever changed them"),
        (registered(staging=mark(PromotionState.BEGUN)), BOTH, RunAction.WAIT, "", "on its way"),
        (registered(staging=mark(PromotionState.INTERRUPTED)), BOTH, RunAction.PROMOTE, "staging", "cut off"),
        (registered(staging=mark(PromotionState.REFUSED)), BOTH, RunAction.NOTHING, "", "a person answers"),
        (registered(production=OLD), ("production",), RunAction.NOTHING, "", "waits for its approval"),
        (
            registered(production=mark(PromotionState.INTERRUPTED)),
            ("production",),
            RunAction.PROMOTE,
            "production",
            "cut off",
        ),
        (
            replace(registered(staging=OLD), blocked={"staging": "held since yesterday"}),
            BOTH,
            RunAction.NOTHING,
            "",
            "held since yesterday",
        ),
        (registered(staging=OLD), (), RunAction.NOTHING, "", "m:1 is live"),
    ],
)
def test_a_model_that_is_live_with_other_serving_settings(
    run: Run, outdated: tuple[str, ...], act: RunAction, where: str, why: str
) -> None:
    found = one(run, outdated, staging="m:1", production="m:1")
    assert found[:2] == (act, where)
    assert why in found[2]
