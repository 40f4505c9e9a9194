"""How our own credential signs in from a workflow, and what it says where Entra refuses."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core import PipelineClient
from azure.core.rest import HttpRequest

from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address
from azureml_emulator.pytest_plugin import AzureMl
from mlops.azure import connections
from mlops.azure.auth import credential
from mlops.errors import AzureRefused

RUN = {"repository": "acme/tune", "repository_owner_id": "7", "repository_id": "42", "environment": "production"}
SCOPE = "https://management.azure.com/.default"
TRUSTED = [{"client": defaults.CLIENT_ID, "subject": "repo:acme/tune:environment:production"}]


@pytest.fixture
def trusting(emulator_address: Address) -> Iterator[AzureMl]:
    """An emulator that trusts the jobs of one environment."""
    azure_ml = AzureMl(emulator_address)
    azure_ml.access(federated_credentials=TRUSTED)
    yield azure_ml
    azure_ml.access(federated_credentials=[])
    azure_ml.setting("github.subject")


def workflow(**claims: str) -> dict[str, str]:
    """The environment of a workflow's job, as far as sign-in looks at it."""
    asked = base64.urlsafe_b64encode(json.dumps({**RUN, **claims}).encode()).decode()
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://pipelines.actions.githubusercontent.com/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": asked,
        "AZURE_TENANT_ID": defaults.TENANT_ID,
        "AZURE_CLIENT_ID": defaults.CLIENT_ID,
        "GITHUB_ACTIONS": "true",
    }


def sign_in(**claims: str) -> str:
    return str(credential(workflow(**claims), interactive=False).get_token(SCOPE).token)


def test_a_job_signs_in_by_the_credential_of_its_environment(trusting: AzureMl) -> None:
    assert sign_in()


def test_a_subject_that_is_not_trusted_is_refused_with_the_command_that_trusts_it(trusting: AzureMl) -> None:
    for claims in ({"environment": "staging"}, {"environment": "", "ref": "refs/heads/main"}):
        with pytest.raises(AzureRefused, match=r"AADSTS700213(.|\n)*az identity federated-credential create"):
            sign_in(**claims)


def test_the_refusal_names_a_subject_of_the_newer_form(trusting: AzureMl) -> None:
    trusting.setting("github.subject", "immutable")
    with pytest.raises(AzureRefused, match="repo:acme@7/tune@42:environment:production"):
        sign_in()


def test_a_client_that_nobody_trusts_is_named(trusting: AzureMl) -> None:
    trusting.access(federated_credentials=[{**TRUSTED[0], "client": "another"}])
    with pytest.raises(AzureRefused, match="AADSTS700016"):
        sign_in()


def test_signing_in_and_asking_read_whom_to_trust_once(trusting: AzureMl, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str | None, str | None]] = []
    load = connections.trusting

    def counted(file: str | None, folder: str | None) -> Any:
        read.append((file, folder))
        return load(file, folder)

    monkeypatch.setattr(connections, "trusting", counted)
    made = credential(workflow(), interactive=False)
    assert made.get_token(SCOPE).token
    host = "https://management.azure.com"
    with PipelineClient[Any, Any](host, policies=[], transport=connections.of(made)) as client:
        assert client.send_request(HttpRequest("GET", f"{host}/subscriptions")).status_code in (400, 401)
    assert len(read) == 1
