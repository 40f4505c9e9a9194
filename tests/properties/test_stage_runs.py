"""Whole promotions on a small reference of the service that nobody disturbs."""

import pytest

from mlops.domain.promote.rollback import rollback_step
from mlops.domain.promote.steps import (
    Done,
    RolledBack,
)
from tests.properties.small_service import ENTRY, RETENTION, Service


def test_clean_releases_one_after_the_other() -> None:
    service = Service()
    for version in (1, 2, 3):
        assert isinstance(service.run(version), Done)
    assert service.history == [
        {"model-1": 100},
        {"model-1": 90, "model-2": 10},
        {"model-1": 50, "model-2": 50},
        {"model-2": 100},
        {"model-2": 90, "model-3": 10},
        {"model-2": 50, "model-3": 50},
        {"model-3": 100},
    ]
    assert [one.name for one in service.facts.deployments] == ["model-2", "model-3"]


@pytest.mark.parametrize("judge_up_to", [0, 10, 50])
def test_a_candidate_that_is_judged_bad_leaves_no_trace(judge_up_to: int) -> None:
    service = Service()
    service.run(1)
    before = service.facts.deployments
    assert isinstance(service.run(2, judge_up_to=judge_up_to), RolledBack)
    assert service.facts.live == {"model-1": 100}
    assert service.facts.deployments == before


def test_mirroring_comes_before_traffic_and_leaves_nothing_behind() -> None:
    service = Service()
    service.run(1)
    assert isinstance(service.run(2, mirror=20), Done)
    assert service.history[1:] == [
        {"model-1": 100},  # the end of mirroring
        {"model-1": 90, "model-2": 10},
        {"model-1": 50, "model-2": 50},
        {"model-2": 100},
    ]
    assert not service.facts.mirrored


def test_the_deployment_before_goes_after_its_retention() -> None:
    service = Service()
    service.run(1)
    service.run(2)
    assert [one.name for one in service.facts.deployments] == ["model-1", "model-2"]
    service.now += RETENTION
    assert isinstance(service.run(2), Done)
    assert [one.name for one in service.facts.deployments] == ["model-2"]


def test_a_candidate_that_fails_its_smoke_test_never_has_traffic() -> None:
    service = Service()
    service.run(1)
    assert isinstance(service.run(2, smoke=False), RolledBack)
    assert service.history == [{"model-1": 100}]


def test_a_release_after_a_rollback_stands_beside_what_was_returned_to() -> None:
    service = Service()
    service.run(1)
    service.run(2)
    service.apply(rollback_step(service.facts, service.now, "production", ENTRY))
    assert service.facts.live == {"model-1": 100}
    assert isinstance(service.run(3), Done)
    assert [one.name for one in service.facts.deployments] == ["model-1", "model-3"], "the bad model-2 is gone"
