"""What a tick of `resume` and `poll` does with what `mlops` answers."""

import pytest

from tests.workflows.answers import promoted
from tests.workflows.conftest import Play


def test_a_tick_that_registers_promotes(play: Play) -> None:
    seen = play(
        "resume",
        "schedule",
        {"schedule": "7 * * * *"},
        {"resume": {"outputs": {"model": "m:4", "environment": "all"}}},
    )
    assert seen.verbs == ["resume", "promote", "promote"]


def test_a_tick_takes_up_a_promotion_where_it_was_cut_off(play: Play) -> None:
    """The run is an old one, and staging serves its model already."""
    cut_off = {"resume": {"outputs": {"model": "m:3", "environment": "production", "commit": "c0ffee"}}}
    seen = play("resume", "schedule", {"schedule": "7,22,37,52 * * * *"}, cut_off)
    assert seen.calls == [["resume"], promoted("production", commit="c0ffee")]
    skipped = {f"promote/promote/{job}" for job in ("second", "third", "fourth")} | {"report", "report-promotion"}
    assert set(seen.done.skipped) == skipped


def test_a_tick_that_registers_one_run_and_refuses_another_is_red_and_promotes(play: Play) -> None:
    found = {"resume": {"outputs": {"model": "m:4", "environment": "all"}, "exit": 4}}
    seen = play("resume", "workflow_dispatch", {}, found)
    assert seen.verbs == ["resume", "promote", "promote"]
    assert not seen.done.succeeded


def test_a_tick_that_refuses_its_run_promotes_nothing(play: Play) -> None:
    seen = play("resume", "workflow_dispatch", {}, {"resume": {"outputs": {"model": ""}, "exit": 4}})
    assert seen.verbs == ["resume"]
    assert [found.code for found in seen.done.exits] == [4]


def test_a_tick_without_news_promotes_nothing(play: Play) -> None:
    assert play(
        "resume", "repository_dispatch", {"action": "training-ended"}, {"resume": {"outputs": {"model": ""}}}
    ).verbs == ["resume"]


@pytest.mark.parametrize(("still_open", "turned"), [("true", []), ("false", ["off"])])
def test_a_tick_that_finds_nothing_open_is_the_last(play: Play, still_open: str, turned: list[str]) -> None:
    poll = {"resume": {"outputs": {"model": "", "environment": "", "open": still_open}}}
    seen = play("poll", "schedule", {"schedule": "7,22,37,52 * * * *"}, poll)
    assert seen.done.code == 0
    assert (seen.calls, seen.polling) == ([["resume"]], turned)
