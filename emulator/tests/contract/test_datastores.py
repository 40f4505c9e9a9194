"""Datastores of a workspace and their secrets, through the real SDK."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import urllib3

from azureml_emulator.core import defaults

ARM = "https://management.azure.com"
WORKSPACE = (
    f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/{defaults.RESOURCE_GROUP}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{defaults.WORKSPACE}"
)
VERSION = "api-version=2023-04-01-preview"
Call = Callable[..., urllib3.BaseHTTPResponse]


def test_the_default_datastore_gives_its_secrets_only_when_asked(ml_client: Any, api: Call) -> None:
    store = ml_client.datastores.get_default()
    assert (store.name, store.account_name, store.container_name) == (
        "workspaceblobstore",
        defaults.STORAGE_ACCOUNT,
        defaults.CONTAINER,
    )
    shown = api("GET", f"{ARM}{WORKSPACE}/datastores/workspaceblobstore?{VERSION}").json()
    assert shown["properties"]["credentials"] == {"credentialsType": "AccountKey"}
    secrets = api("POST", f"{ARM}{WORKSPACE}/datastores/workspaceblobstore/listSecrets?{VERSION}").json()
    assert secrets["secretsType"] == "AccountKey"


def test_an_expirable_secret_opens_every_container_of_the_account_for_the_hours_asked(api: Call) -> None:
    """As recorded of the service: an account SAS with its leading `?`. Code lies in containers of its own."""
    asked = {"expirableSecret": True, "expireAfterHours": 1}
    secret = api("POST", f"{ARM}{WORKSPACE}/datastores/workspaceblobstore/listSecrets?{VERSION}", asked).json()
    query = dict(parse_qsl(secret["sasToken"].removeprefix("?")))
    assert (secret["secretsType"], secret["sasToken"][0]) == ("Sas", "?")
    assert {name: query[name] for name in ("ss", "srt", "sp")} == {"ss": "bf", "srt": "co", "sp": "rcuwdl"}
    left = datetime.fromisoformat(query["se"]) - datetime.now(UTC)
    assert timedelta(minutes=55) < left <= timedelta(hours=1)
    other = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net/c{uuid.uuid4().hex}"
    version = {"x-ms-version": "2023-11-03"}
    made = api("PUT", f"{other}?restype=container&{secret['sasToken'][1:]}", token=False, **version)
    assert made.status == 201
    written = api(
        "PUT", f"{other}/a?{secret['sasToken'][1:]}", b"x", token=False, x_ms_blob_type="BlockBlob", **version
    )
    assert (written.status, api("GET", f"{other}/a{secret['sasToken']}", token=False, **version).data) == (201, b"x")


def test_a_datastore_can_be_attached_and_detached(ml_client: Any) -> None:
    from azure.ai.ml.entities import AccountKeyConfiguration, AzureBlobDatastore
    from azure.core.exceptions import HttpResponseError

    name = f"ds_{uuid.uuid4().hex[:8]}"
    credentials = AccountKeyConfiguration(account_key="c2VjcmV0")
    ml_client.datastores.create_or_update(
        AzureBlobDatastore(
            name=name, account_name="other", container_name="stuff", credentials=credentials, description="d"
        )
    )
    assert "sp=rcuwdl" in ml_client.datastores.get(name, include_secrets=True).credentials.sas_token  # of that key
    assert name in [store.name for store in ml_client.datastores.list()]
    ml_client.datastores.delete(name)
    assert name not in [store.name for store in ml_client.datastores.list()]
    with pytest.raises(HttpResponseError, match="default datastore"):
        ml_client.datastores.delete("workspaceblobstore")
