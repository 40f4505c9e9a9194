"""Who may sign in and do what, as clients meet it: federated credentials, roles, expiry, throttling."""

import base64
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from click.testing import CliRunner

from azureml_emulator import process
from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address
from azureml_emulator.services.entra.tokens import claims_of
from emulator_support.serving import Call, arm, workspace_id

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

RUN = {"repository": "acme/tune", "repository_owner_id": "7", "repository_id": "42", "environment": "production"}
SCOPE = "https://management.azure.com/.default"


class Control:
    """What the emulator asks of who comes, for a test to state."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def access(self, **stated: Any) -> dict[str, Any]:
        found: dict[str, Any] = process.control(self._address, "PUT", "/access", stated)
        return found

    def setting(self, name: str, value: str) -> None:
        process.control(self._address, "PUT", f"/settings/{name}", {"value": value})


@pytest.fixture
def control(emulator_address: Address) -> Iterator[Control]:
    found = Control(emulator_address)
    yield found
    found.access(federated_credentials=[], role_assignments=[])
    for name in ("arm.throttling", "entra.token_seconds", "github.token_seconds", "github.subject"):
        found.setting(name, "")


def sign_in(api: Call, **claims: str) -> str:
    """A token for GitHub's own, as a workflow's job exchanges it. Raises what azure-identity raises."""
    from azure.identity import ClientAssertionCredential

    asked = base64.urlsafe_b64encode(json.dumps({**RUN, **claims}).encode()).decode()
    url = "https://pipelines.actions.githubusercontent.com/token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"

    def assertion() -> str:
        return str(api("GET", url, token=False, Authorization=f"bearer {asked}").json()["value"])

    credential = ClientAssertionCredential(defaults.TENANT_ID, defaults.CLIENT_ID, assertion)
    return str(credential.get_token(SCOPE).token)


def trust(subject: str) -> list[dict[str, str]]:
    return [{"client": defaults.CLIENT_ID, "subject": subject}]


def test_a_job_signs_in_by_the_credential_of_its_environment(control: Control, api: Call) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    control.access(federated_credentials=trust("repo:acme/tune:environment:production"))
    assert sign_in(api)
    for claims in ({"environment": "staging"}, {"environment": "", "ref": "refs/heads/main"}):
        with pytest.raises(ClientAuthenticationError, match=r"AADSTS700213"):
            sign_in(api, **claims)
    with pytest.raises(ClientAuthenticationError, match="AADSTS7002138"):
        sign_in(api, environment="Production")


def test_the_newer_subject_needs_a_credential_of_its_own(control: Control, api: Call) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    control.access(federated_credentials=trust("repo:acme/tune:environment:production"))
    control.setting("github.subject", "immutable")
    with pytest.raises(ClientAuthenticationError, match="repo:acme@7/tune@42:environment:production"):
        sign_in(api)
    control.access(federated_credentials=trust("repo:acme@7/tune@42:environment:production"))
    assert sign_in(api)


def test_a_client_that_nobody_trusts_is_not_found(control: Control, api: Call) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    control.access(federated_credentials=[{"client": "another", "subject": "repo:acme/tune:environment:production"}])
    with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
        sign_in(api)


def test_a_token_ends_and_the_client_fetches_another(control: Control, ml_client: "MLClient", api: Call) -> None:
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    control.setting("entra.token_seconds", "1")
    names = process.workspace()
    credential = DefaultAzureCredential()
    own = MLClient(
        credential, names["AZURE_SUBSCRIPTION_ID"], names["AZURE_RESOURCE_GROUP"], names["AZURE_ML_WORKSPACE"]
    )
    old = credential.get_token(SCOPE).token
    control.setting("entra.token_seconds", "")
    while (refused := api("GET", arm("jobs"), token=False, Authorization=f"Bearer {old}")).status == 200:
        time.sleep(0.05)
    assert (refused.status, refused.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    assert own.workspaces.get(names["AZURE_ML_WORKSPACE"]).name == names["AZURE_ML_WORKSPACE"]


def test_the_older_form_of_the_token_service_takes_a_resource(api: Call) -> None:
    from urllib.parse import urlencode

    names = process.workspace()
    url = f"https://login.microsoftonline.com/{names['AZURE_TENANT_ID']}/oauth2/token"
    form = {"grant_type": "client_credentials", "client_id": names["AZURE_CLIENT_ID"], "client_secret": "x"}
    body = urlencode({**form, "resource": "https://management.azure.com/"}).encode()
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    answer = api("POST", url, body, token=False, **kind)
    given = answer.json()
    assert (given["token_type"], given["resource"]) == ("Bearer", "https://management.azure.com/")
    assert int(given["expires_on"]) - int(given["not_before"]) == int(given["expires_in"])
    found = api("GET", arm("jobs"), token=False, Authorization=f"Bearer {given['access_token']}")
    assert found.status == 200
    refused = api("POST", url, urlencode({**form, "grant_type": "password"}).encode(), token=False, **kind)
    assert (refused.status, refused.json()["error"]) == (400, "unsupported_grant_type")


def test_roles_allow_what_they_say_and_no_more(control: Control, ml_client: "MLClient") -> None:
    from azure.ai.ml.entities import AmlCompute, Data
    from azure.core.exceptions import HttpResponseError

    scientist = {"principal": defaults.CLIENT_ID, "role": "AzureML Data Scientist", "scope": workspace_id()}
    control.access(role_assignments=[scientist, {**scientist, "role": "Reader"}])
    ml_client.data.create_or_update(Data(name="role", version="1", path="https://example.org/a", type="uri_file"))
    with pytest.raises(HttpResponseError) as refused:
        ml_client.compute.begin_create_or_update(AmlCompute(name="role-cpu", size="Standard_DS3_v2")).result()
    assert refused.value.status_code == 403
    text = str(refused.value)
    assert (
        f"The client '{defaults.CLIENT_ID}' with object id '{defaults.OBJECT_ID}' does not have authorization" in text
    )
    assert "Microsoft.MachineLearningServices/workspaces/computes/write" in text
    control.access(role_assignments=[{**scientist, "scope": "/subscriptions/another"}])
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        ml_client.workspaces.get(defaults.WORKSPACE)


def test_runs_and_blobs_ask_for_roles_too(control: Control, ml_client: "MLClient", api: Call) -> None:
    from azure.identity import DefaultAzureCredential

    reader = {"principal": defaults.OBJECT_ID, "role": "Reader", "scope": "/"}
    control.access(role_assignments=[reader])
    mlflow = f"https://eastus.api.azureml.ms/mlflow/v1.0{workspace_id()}/api/2.0/mlflow"
    assert api("POST", f"{mlflow}/runs/search", {"experiment_ids": ["0"]}).status == 200
    assert api("POST", f"{mlflow}/experiments/create", {"name": "not-by-a-reader"}).status == 403
    bearer = DefaultAzureCredential().get_token("https://storage.azure.com/.default").token
    blob = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net/{defaults.CONTAINER}/role.txt"
    sent = {
        "token": False,
        "Authorization": f"Bearer {bearer}",
        "x_ms_version": "2023-11-03",
        "x_ms_blob_type": "BlockBlob",
    }
    assert api("PUT", blob, b"text", **sent).status == 403
    control.access(role_assignments=[reader, {**reader, "role": "Storage Blob Data Contributor"}])
    assert api("PUT", blob, b"text", **sent).status == 201


def test_the_subscriptions_budget_is_kept_and_the_sdk_waits(control: Control, ml_client: "MLClient", api: Call) -> None:
    control.setting("arm.throttling", "on")
    first = api("GET", arm("onlineEndpoints"))
    left = int(first.headers["x-ms-ratelimit-remaining-subscription-reads"])
    assert 0 < left < 250
    with ThreadPoolExecutor(8) as several:  # 25 come back each second, so a slow machine must ask side by side
        answers = list(several.map(lambda _: api("GET", arm("data")), range(left + 200)))
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.json()["error"]["code"] == "SubscriptionRequestsThrottled"
    assert refused.headers["retry-after"] == "1"
    assert ml_client.workspaces.get(defaults.WORKSPACE).name == defaults.WORKSPACE
    control.setting("arm.throttling", "off")
    assert "x-ms-ratelimit-remaining-subscription-reads" not in api("GET", arm("data")).headers


WRONG: list[dict[str, Any]] = [{"roles": []}, {"role_assignments": "Owner"}, {"role_assignments": [{"role": "King"}]}]


@pytest.mark.parametrize("stated", WRONG)
def test_access_that_cannot_be_meant_is_refused(emulator_address: Address, stated: dict[str, Any]) -> None:
    url = f"http://127.0.0.1:{emulator_address.control_port}/access"
    assert urllib3.request("PUT", url, json=stated).status == 400


def test_the_command_line_states_and_shows_access(emulator_address: Address, control: Control) -> None:
    from azureml_emulator.cli.main import command

    def run(text: str | None) -> Any:
        words = ["access", *(["-"] if text is not None else []), "--state", emulator_address.folder]
        return CliRunner().invoke(command, words, input=text)

    stated = "role_assignments:\n- {principal: me, role: Reader}\n"
    assert run(stated).exit_code == 0
    assert "role: Reader" in run(None).output
    for wrong in ("- a list", "role_assignments: [", "role_assignments:\n- {principal: me, role: King}"):
        assert run(wrong).exit_code == 2
    assert "role: Reader" in run(None).output, "what is refused changes nothing"


def test_on_a_runner_the_token_service_of_github_is_the_emulators(emulator_address: Address, control: Control) -> None:
    """A job that may write an id-token must not hand it to the emulator, and one that may not signs in all the same."""
    assert not [name for name in process.variables(emulator_address, {}) if name.startswith("ACTIONS_")]
    found = process.variables(
        emulator_address, {"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://real"}
    )
    assert found["ACTIONS_ID_TOKEN_REQUEST_URL"].startswith("https://pipelines.actions.githubusercontent.com/")
    subject, client = "repo:octo-org/octo-repo:environment:production", process.workspace()["AZURE_CLIENT_ID"]
    control.access(federated_credentials=[{"client": client, "subject": subject}])
    assert _subject_of(found) == subject
    control.access(federated_credentials=[])
    assert _subject_of(found).startswith("repo:")
    of_staging = {
        **found,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{found['ACTIONS_ID_TOKEN_REQUEST_URL']}&environment=staging",
    }
    assert _subject_of(of_staging) == "repo:owner/repository:environment:staging"


def _subject_of(found: dict[str, str]) -> str:
    url = f"{found['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=api://AzureADTokenExchange"
    headers = {"Authorization": f"bearer {found['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    with urllib3.ProxyManager(found["HTTPS_PROXY"], ca_certs=found["SSL_CERT_FILE"]) as proxy:
        token = str(proxy.request("GET", url, headers=headers).json()["value"])
    return str(claims_of(token)["sub"])


def test_the_variables_are_given_to_the_later_steps_of_a_job(
    emulator_address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azureml_emulator.cli.main import command

    words = ["env", "--github", "--state", emulator_address.folder]
    monkeypatch.delenv("GITHUB_ENV", raising=False)
    assert CliRunner().invoke(command, words).exit_code == 2
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "env"))
    assert CliRunner().invoke(command, words).exit_code == 0
    kept = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert kept == process.variables(emulator_address, os.environ)
