"""What `promote` and `rollback` do with what `mlops` answers: which environments are reached, and which are not."""

from pathlib import Path

from tests.workflows.answers import REGIONS, promoted
from tests.workflows.conftest import Play


def test_production_follows_staging_and_not_its_failure(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "all"}}
    seen = play("promote", "workflow_dispatch", payload, {"promote staging": {"exit": 7}})
    assert seen.calls == [promoted("staging")]
    assert not seen.done.succeeded


def test_production_can_be_asked_for_alone(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "production"}}
    assert play("promote", "workflow_dispatch", payload, {}).calls == [promoted("production")]


def test_by_hand_an_older_model_can_be_asked_for_and_one_that_was_not_in_staging(play: Play) -> None:
    consent = {"allow-older": "true", "skip-earlier": "true", "reason": "an outage"}
    payload = {"inputs": {"model": "m:1", "environment": "production", **consent}}
    (call,) = play("promote", "workflow_dispatch", payload, {}).calls
    wanted = promoted("production", model="m:1", reason="an outage")[:-5]
    assert call == [*wanted, "--allow-older", "--keep-hold", "--no-take-over", "--skip-earlier", "--within-budget"]


def test_staging_can_be_asked_for_alone(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "staging"}}
    assert play("promote", "workflow_dispatch", payload, {}).calls == [promoted("staging")]


def test_a_hold_is_released_and_a_budget_gone_over_by_a_person_with_a_reason(play: Play) -> None:
    said = {"reason": "a false alarm", "release-hold": "true", "over-budget": "true"}
    inputs = {"model": "m:3", "environment": "all", **said}
    calls = play("promote", "workflow_dispatch", {"inputs": inputs}, {}).calls
    wanted = {"reason": "a false alarm", "hold": "--release-hold", "budget": "--over-budget"}
    assert calls == [promoted(name, **wanted) for name in ("staging", "production")]


def test_a_person_moves_the_endpoints_to_this_repository(play: Play) -> None:
    inputs = {"model": "m:3", "environment": "all", "take-over": "true"}
    calls = play("promote", "workflow_dispatch", {"inputs": inputs}, {}).calls
    assert calls == [promoted(name, owner="--take-over") for name in ("staging", "production")]


def test_four_environments_go_in_three_waves_and_two_of_them_side_by_side(play: Play, tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text(REGIONS)
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "all"}}
    seen = play("promote", "workflow_dispatch", payload, {}, params=params)
    assert seen.calls[:2] == [promoted("dev"), promoted("staging")]
    assert sorted(seen.calls[2:]) == [promoted("production-eu"), promoted("production-us")]
    assert (list(seen.done.jobs)[1:3], seen.done.skipped) == (["first (dev)", "second (staging)"], ["fourth"])
    assert set(list(seen.done.jobs)[3:]) == {"third (production-eu)", "third (production-us)"}


def test_a_failed_environment_keeps_what_comes_after_it_and_not_what_is_beside_it(play: Play, tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text(REGIONS.replace("{after: staging}", "{after: staging}\n  archive: {after: production-us}"))
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "production-eu production-us archive"}}
    seen = play("promote", "workflow_dispatch", payload, {"promote production-us": {"exit": 7}}, params=params)
    assert sorted(seen.calls) == [promoted("production-eu"), promoted("production-us")]
    assert not seen.done.succeeded


def test_a_name_that_is_no_environment_is_refused_before_anybody_is_asked_to_approve(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "staging prod"}}
    seen = play("promote", "workflow_dispatch", payload, {})
    assert (seen.calls, seen.done.succeeded) == ([], False)
    assert any("there is no environment 'prod'" in note.message for note in seen.done.annotations)


def test_what_a_frozen_staging_did_not_get_does_not_go_to_production(play: Play) -> None:
    frozen = {"promote staging": {"outputs": {"outcome": "frozen", "stops": "true"}}}
    seen = play("promote", "workflow_dispatch", {"inputs": {"model": "m:3", "environment": "all"}}, frozen)
    assert seen.calls == [promoted("staging")]
    assert seen.done.succeeded


def test_a_rollback_names_its_environment(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"environment": "production", "reason": "worse; $(id)"}}
    said = ["rollback", "production", "--reason", "worse; $(id)"]
    assert play("rollback", "workflow_dispatch", payload, {}).calls == [said]
