"""Azure's rules of access as the emulator keeps them: federated credentials, roles, actions, token buckets."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_emulator.core import defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.services.entra import actions, federation, roles, tokens
from azureml_emulator.services.entra.actions import Asked
from azureml_emulator.services.entra.federation import Credential
from azureml_emulator.services.entra.throttle import BUDGETS, Buckets

SUBJECT = "repo:acme/tune:environment:production"
OURS = Credential("client", SUBJECT)
SHOWN = {"iss": federation.ISSUER, "sub": SUBJECT, "aud": federation.AUDIENCE}
WS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
ML = roles.ML
GROUP = "/subscriptions/s/resourceGroups/g"
ENDPOINT = f"{WS}/onlineEndpoints/e"
METRICS = f"{ENDPOINT}/providers/Microsoft.Insights/metrics"


def bearer(**claims: Any) -> str:
    return f"Bearer {tokens.sign(claims)}"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, None),
        ({"iss": "https://example.org"}, 700211),
        ({"sub": "repo:acme/tune:ref:refs/heads/main"}, 700213),
        ({"sub": SUBJECT.upper()}, 7002138),
        ({"aud": "https://github.com/acme"}, 700212),
    ],
)
def test_an_assertion_must_be_the_one_that_was_stated(claims: dict[str, str], code: int | None) -> None:
    found = federation.refusal([OURS], "client", {**SHOWN, **claims})
    assert (found and found[0]) == code


def test_an_application_without_a_credential_is_not_found() -> None:
    found = federation.refusal([OURS], "another", SHOWN)
    assert found is not None
    assert found[0] == 700016


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "AuthenticationFailed"),
        ("Basic x", "AuthenticationFailed"),
        ("Bearer nonsense", "InvalidAuthenticationToken"),
        ("Bearer a.!.c", "InvalidAuthenticationToken"),
        (bearer(aud="https://storage.azure.com"), "InvalidAuthenticationTokenAudience"),
        (bearer(aud=tokens.MANAGEMENT[0], exp=1), "ExpiredAuthenticationToken"),
    ],
)
def test_a_token_that_is_not_good_is_refused_with_the_reason(header: str, code: str) -> None:
    with pytest.raises(ServiceError) as refused:
        tokens.check(header, tokens.MANAGEMENT)
    assert (refused.value.status, refused.value.code) == (401, code)


def test_a_good_token_says_who_it_is() -> None:
    token = tokens.sign({"aud": tokens.MANAGEMENT[0], "exp": time.time() + 60, "appid": "a", "oid": "o"})
    assert tokens.check(f"Bearer {token}", tokens.MANAGEMENT) == tokens.Principal("a", "o")
    assert tokens.object_id(defaults.CLIENT_ID) == defaults.OBJECT_ID
    assert tokens.object_id("another") == tokens.object_id("ANOTHER") != defaults.OBJECT_ID


@pytest.mark.parametrize(
    ("method", "path", "action", "scope"),
    [
        ("GET", WS, f"{ML}/workspaces/read", WS),
        ("PUT", f"{WS}/jobs/j", f"{ML}/workspaces/jobs/write", f"{WS}/jobs/j"),
        ("GET", f"{WS}/jobs", f"{ML}/workspaces/jobs/read", WS),
        ("POST", f"{WS}/jobs/j/cancel", f"{ML}/workspaces/jobs/cancel/action", f"{WS}/jobs/j"),
        ("POST", f"{WS}/listKeys", f"{ML}/workspaces/listKeys/action", WS),
        ("DELETE", f"{WS}/onlineEndpoints/e", f"{ML}/workspaces/onlineEndpoints/delete", f"{WS}/onlineEndpoints/e"),
        ("PATCH", f"{WS}/models/m/versions/1", f"{ML}/workspaces/models/versions/write", f"{WS}/models/m/versions/1"),
        ("GET", METRICS, "Microsoft.Insights/metrics/read", ENDPOINT),
        ("GET", GROUP, "Microsoft.Resources/subscriptions/resourceGroups/read", GROUP),
        ("GET", "/subscriptions/s/providers", "Microsoft.Resources/subscriptions/providers/read", "/subscriptions/s"),
        (
            "GET",
            f"/subscriptions/s/providers/{ML}",
            "Microsoft.Resources/subscriptions/providers/read",
            "/subscriptions/s",
        ),
        ("POST", f"/subscriptions/s/providers/{ML}/register", f"{ML}/register/action", "/subscriptions/s"),
    ],
)
def test_a_call_is_an_action_at_a_scope(method: str, path: str, action: str, scope: str) -> None:
    assert actions.of_arm(method, path) == Asked(action, scope)


def test_the_list_of_subscriptions_needs_no_role() -> None:
    assert actions.of_arm("GET", "/subscriptions") is None


@pytest.mark.parametrize(
    ("role", "action", "may"),
    [
        ("AzureML Data Scientist", f"{ML}/workspaces/jobs/write", True),
        ("AzureML Data Scientist", f"{ML}/workspaces/onlineEndpoints/delete", True),
        ("AzureML Data Scientist", f"{ML}/workspaces/read", True),
        ("AzureML Data Scientist", f"{ML}/workspaces/computes/write", False),
        ("AzureML Data Scientist", f"{ML}/workspaces/write", False),
        ("AzureML Compute Operator", f"{ML}/workspaces/computes/write", True),
        ("Reader", f"{ML}/workspaces/jobs/read", True),
        ("Reader", f"{ML}/workspaces/onlineEndpoints/listKeys/action", False),
        ("Contributor", f"{ML}/workspaces/jobs/write", True),
        ("Contributor", "Microsoft.Authorization/roleAssignments/write", False),
        ("Owner", "Microsoft.Authorization/roleAssignments/write", True),
    ],
)
def test_built_in_roles_allow_what_azures_do(role: str, action: str, may: bool) -> None:
    assert roles.BUILT_IN[role].allows(action, data=False) is may


def test_data_actions_are_not_given_by_actions() -> None:
    action = f"{roles.BLOBS}/blobs/write"
    assert not roles.BUILT_IN["Owner"].allows(action, data=True)
    assert roles.BUILT_IN["Storage Blob Data Contributor"].allows(action, data=True)
    assert not roles.BUILT_IN["Storage Blob Data Reader"].allows(action, data=True)


@given(st.sampled_from(["", "/subscriptions/s", "/subscriptions/s/resourceGroups/g", WS, f"{WS}/jobs/j"]))
def test_an_assignment_holds_at_its_scope_and_below(scope: str) -> None:
    held = roles.Assignment("p", "Owner", WS)
    assert held.reaches(scope) is scope.startswith(WS)
    assert not held.reaches(f"{WS}-other")


@pytest.mark.parametrize(
    "stated",
    [
        {},
        [],
        {"principal": "p"},
        {"principal": "p", "role": "King"},
        {"principal": "p", "role": "Owner", "scope": "s"},
    ],
)
def test_an_assignment_that_says_nothing_is_refused(stated: Any) -> None:
    with pytest.raises(ServiceError):
        roles.from_json(stated)


def test_a_bucket_empties_and_fills_again() -> None:
    buckets, budget = Buckets(), BUDGETS["reads"]
    left = [int(buckets.take("GET", "s", "me", 0.0)["x-ms-ratelimit-remaining-subscription-reads"]) for _ in range(250)]
    assert left == list(range(249, -1, -1))
    with pytest.raises(ServiceError) as refused:
        buckets.take("GET", "s", "me", 0.0)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "1")
    assert buckets.take("GET", "s", "another", 0.0)
    assert buckets.take("PUT", "s", "me", 0.0)
    again = buckets.take("GET", "s", "me", 1.0)
    assert again["x-ms-ratelimit-remaining-subscription-reads"] == str(budget.refill - 1)


@given(st.lists(st.floats(0, 10), max_size=400))
def test_a_bucket_never_gives_more_than_its_size_and_what_came_back(pauses: list[float]) -> None:
    buckets, now, given_ = Buckets(), 0.0, 0
    for pause in pauses:
        now += pause
        try:
            buckets.take("DELETE", "s", "me", now)
        except ServiceError:
            continue
        given_ += 1
    assert given_ <= BUDGETS["deletes"].size + now * BUDGETS["deletes"].refill + 1
