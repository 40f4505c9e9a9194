"""What Azure would refuse, as it is found before: names, sizes, quota with its reserve, room for a deployment."""

import pytest

from mlops.domain.machines import (
    Machine,
    MachineFinding,
    MinimumSize,
    Quota,
    check_machine,
    check_quota,
    cores,
    failure_of,
)
from mlops.domain.promote.preflight import check_name, check_room
from mlops.errors import AzureRefused, BadInput, Problem

A100 = Machine("Standard_NC24ads_A100_v4", "standardNCADSA100v4Family", 24, 1, 220, 64)
T4 = Machine("Standard_NC4as_T4_v3", "standardNCASv3T4Family", 4, 1, 28, 176)


@pytest.mark.parametrize("name", ["abc", "chat-production-0a1b2c", "A-1", "a" * 32])
def test_names_that_azure_takes(name: str) -> None:
    assert check_name(name, "endpoint", "params.yaml") is None


@pytest.mark.parametrize("name", ["ab", "a" * 33, "1abc", "abc-", "a_b", "ab.c", "", "äbc"])
def test_names_that_azure_refuses(name: str) -> None:
    assert check_name(name, "endpoint", "params.yaml")


@pytest.mark.parametrize(
    ("machine", "instances", "needed"),
    [
        (A100, 1, 24),
        (A100, 3, 72),
        (T4, 1, 8),
        (T4, 5, 24),
        (Machine("STANDARD_ND96ASR_V4", vcpus=96), 1, 96),
        (Machine("Standard_ND40rs_v2", vcpus=40), 1, 40),
        (Machine("Standard_NC80adis_H100_v5", vcpus=80), 1, 80),
        (Machine("Standard_NC6s_v3", vcpus=6), 1, 12),
        (Machine("Standard_F4s_v2", vcpus=4), 1, 8),
    ],
)
def test_a_fifth_is_kept_for_upgrades_but_not_of_every_size(machine: Machine, instances: int, needed: int) -> None:
    assert cores(machine, instances) == needed


def test_the_quota_is_compared_with_what_is_free() -> None:
    assert check_quota(T4, 1, Quota(16, 24), "eastus") is None
    found = check_quota(T4, 1, Quota(17, 24), "eastus")
    assert found
    assert found.failure is AzureRefused
    assert "1 x Standard_NC4as_T4_v3 need 8 vCPUs of standardNCASv3T4Family, with the 20 %" in found.problem.what
    assert "7 are free" in found.problem.what
    assert check_quota(T4, 1, None, "eastus") is None


def test_a_machine_below_the_least_is_named_with_what_it_lacks() -> None:
    found = check_machine(T4, MinimumSize(6, 1, 112, 64), "params.yaml")
    assert found
    assert "4 of 6 vCPUs, 28 of 112 GB memory" in found.problem.what
    assert check_machine(A100, MinimumSize(24, 1, 220, 64), "params.yaml") is None
    assert check_machine(T4, None, "params.yaml") is None


def test_an_endpoint_holds_twenty_deployments() -> None:
    assert check_room("chat", 19) is None
    assert check_room("chat", 20)


def test_findings_are_one_failure_and_azures_refusal_weighs_more() -> None:
    ours, azures = MachineFinding(Problem("a")), MachineFinding(Problem("b"), AzureRefused)
    assert failure_of([]) is None
    assert type(failure_of([ours])) is BadInput
    failure = failure_of([ours, azures])
    assert type(failure) is AzureRefused
    assert [problem.what for problem in failure.problems] == ["a", "b"]
