"""Azure's rules of access as the emulator keeps them: federated credentials, roles, actions, token buckets."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_emulator.core import arm, defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.paths import API
from azureml_emulator.routes import ROUTES
from azureml_emulator.services.entra import actions, federation, operations, roles, tokens
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


UNPUBLISHED = re.compile(  # calls of the interface for which Azure's list of operations has no name
    r"/(marketplaceSubscriptions|capabilityHosts|outboundRules)/(read|write|delete)|/registryOperationsStatus/read"
    r"|/(featuresets|featurestoreEntities)/versions/(read|write|delete)|/environments/delete|/schedules/trigger/action"
)


@pytest.mark.parametrize("host", [arm.HOST, API])
def test_every_call_asks_for_an_action_that_its_provider_publishes(host: str) -> None:
    made: dict[str, Asked | None] = {}
    for route in ROUTES:
        for method in route.methods.split() if route.host == host else ():
            asked = actions.of_arm if host == arm.HOST else actions.of_workspace
            made[f"{method} {route.path}"] = asked(method, route.path)
    assert len(made) > 90
    named = {call: one.action for call, one in made.items() if one and "{" not in one.action}
    unknown = {call: action for call, action in named.items() if not operations.published(action)}
    assert [call for call, action in unknown.items() if not UNPUBLISHED.search(action)] == []
    below = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.MachineLearningServices/workspaces/"
    assert [call for call, one in made.items() if one is None and below in call] == []


MLFLOW = f"/mlflow/v1.0{WS}/api/2.0/mlflow"


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", f"/history/v1.0{WS}/rundata", "experiments/runs/read"),
        ("POST", f"/history/v1.0{WS}/experiments/e/runs:query", "experiments/runs/read"),
        ("GET", f"/history/v1.0{WS}/experiments/e", "experiments/read"),
        ("PATCH", f"/history/v1.0{WS}/experiments/e/runs/r", "experiments/runs/write"),
        ("DELETE", f"/history/v1.0{WS}/runs/r/tags", "experiments/runs/write"),
        ("GET", f"/history/v1.0{WS}/runs/r/artifacts/contentinfo", "metadata/artifacts/read"),
        ("POST", f"/artifact/v2.0{WS}/artifacts/ExperimentRun/r/batch/metadata", "metadata/artifacts/write"),
        ("POST", f"/data/v1.0{WS}/dataversion/batchGetResolvedUris", "data/versions/read"),
        ("POST", f"{MLFLOW}/runs/search", "experiments/runs/read"),
        ("POST", f"{MLFLOW}/runs/delete", "experiments/runs/delete"),
        ("POST", f"{MLFLOW}/experiments/create", "experiments/write"),
        ("POST", f"{MLFLOW}/registered-models/create", "models/write"),
        ("DELETE", f"{MLFLOW}/model-versions/delete", "models/versions/delete"),
        ("DELETE", f"{MLFLOW}/model-versions/delete-tag", "models/versions/write"),
    ],
)
def test_a_call_to_the_regional_host_is_an_action_of_the_workspace(method: str, path: str, action: str) -> None:
    assert actions.of_workspace(method, path) == Asked(f"{ML}/workspaces/{action}", WS)


def test_whatever_a_registry_holds_is_an_asset_of_it() -> None:
    registry = f"{GROUP}/providers/{ML}/registries/r"
    for method, path, verb in (
        ("GET", "models/m/versions/1", "read"),
        ("PUT", "components/c/versions/1", "write"),
        ("POST", "models/m/versions/1/startPendingUpload", "write"),
        ("POST", "datarefs/m/versions/1", "read"),
    ):
        assert actions.of_arm(method, f"{registry}/{path}") == Asked(f"{ML}/registries/assets/{verb}", registry)
    assert actions.of_arm("GET", registry) == Asked(f"{ML}/registries/read", registry)


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ({"actions": [f"{ML}/workspaces/jobs/fly"]}, "InvalidActionOrNotAction"),
        ({"actions": [], "not_actions": [f"{ML}/nothing/*"]}, "InvalidActionOrNotAction"),
        ({"actions": [], "data_actions": [f"{roles.BLOBS}/read"]}, "InvalidDataActionOrNotDataAction"),
        ({"actions": ["*/read", f"{ML}/workspaces/codes/*"], "data_actions": [f"{roles.BLOBS}/blobs/*"]}, None),
    ],
)
def test_a_role_of_ones_own_names_actions_that_there_are(role: dict[str, list[str]], code: str | None) -> None:
    if code is None:
        assert roles.definition({"name": "own", **role})[0] == "own"
        return
    with pytest.raises(ServiceError) as refused:
        roles.definition({"name": "own", **role})
    assert (refused.value.status, refused.value.code) == (400, code)


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
