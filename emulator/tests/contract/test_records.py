"""Schedules, connections and the like, through the real SDK: kept as said, honest about the rest."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.core import arm
from azureml_emulator.http.address import Address
from emulator_support.jobs import ended

BASE = f"https://{arm.HOST}{arm.default_workspace_id()}"


@pytest.fixture(scope="module")
def pipeline(ml_client: Any) -> Any:
    from azure.ai.ml import command, dsl
    from azure.ai.ml.entities import AmlCompute, Environment

    cluster = AmlCompute(name="scheduled", size="Standard_DS3_v2", min_instances=0, max_instances=1)
    ml_client.compute.begin_create_or_update(cluster).result()
    environment = Environment(name="plain", version="1", image="python:3.11")
    say = command(name="say", command="echo hello", environment=environment)

    @dsl.pipeline(default_compute="scheduled")  # type: ignore[untyped-decorator]  # the SDK types nothing
    def one() -> None:
        say()

    return one()


@pytest.fixture
def schedule(ml_client: Any, pipeline: Any) -> Iterator[Any]:
    from azure.ai.ml.entities import CronTrigger, JobSchedule

    wanted = JobSchedule(name="nightly", trigger=CronTrigger(expression="0 2 * * *"), create_job=pipeline)
    yield ml_client.schedules.begin_create_or_update(wanted).result()
    ml_client.schedules.begin_disable("nightly").result()
    ml_client.schedules.begin_delete("nightly").result()


def test_a_schedule_is_triggered_by_hand(ml_client: Any, schedule: Any) -> None:
    name = ml_client.schedules.trigger("nightly").job_name
    assert ended(ml_client, name) == "Completed"
    assert ml_client.jobs.get(name).display_name.startswith("nightly-20")


def test_a_schedule_is_due_on_the_emulators_clock(ml_client: Any, schedule: Any, emulator_address: Address) -> None:
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 86400})
    for _ in range(60):
        found = [one.display_name for one in ml_client.jobs.list() if str(one.display_name).endswith("T020000Z")]
        if found:
            break
        time.sleep(0.1)
    assert len(found) == 1


def test_a_schedule_that_is_switched_off_is_not_listed_and_only_then_can_be_deleted(
    ml_client: Any, schedule: Any
) -> None:
    from azure.core.exceptions import HttpResponseError

    assert [one.name for one in ml_client.schedules.list()] == ["nightly"]
    with pytest.raises(HttpResponseError, match="Cannot delete an active trigger"):
        ml_client.schedules.begin_delete("nightly").result()
    ml_client.schedules.begin_disable("nightly").result()
    assert list(ml_client.schedules.list()) == []


def test_a_trigger_that_cannot_come_is_refused(ml_client: Any, pipeline: Any) -> None:
    from azure.ai.ml.entities import CronTrigger, JobSchedule
    from azure.core.exceptions import HttpResponseError

    wanted = JobSchedule(name="bad", trigger=CronTrigger(expression="99 2 * * *"), create_job=pipeline)
    with pytest.raises(HttpResponseError, match="no minute of a cron expression"):
        ml_client.schedules.begin_create_or_update(wanted)


def test_the_secrets_of_a_connection_are_only_told_when_asked_for(ml_client: Any, api: Any) -> None:
    from azure.ai.ml.entities import APIKeyConnection

    wanted = APIKeyConnection(name="service", api_base="https://example.org", api_key="a-secret-key")
    ml_client.connections.create_or_update(wanted)
    assert [one.name for one in ml_client.connections.list()] == ["service"]
    assert ml_client.connections.get("service").credentials.key is None
    assert ml_client.connections.get("service", populate_secrets=True).credentials.key == "a-secret-key"
    ml_client.connections.delete("service")
    assert list(ml_client.connections.list()) == []


def test_a_serverless_endpoint_has_keys(ml_client: Any, api: Any) -> None:
    from azure.ai.ml.entities import ServerlessEndpoint

    wanted = ServerlessEndpoint(name="less", model_id="azureml://registries/azureml/models/Phi-3-mini-4k-instruct")
    made = ml_client.serverless_endpoints.begin_create_or_update(wanted).result()
    assert made.scoring_uri == "https://less.eastus.models.ai.azure.com"
    before = ml_client.serverless_endpoints.get_keys("less")
    # azure-ai-ml 1.35.2 calls its own client with a parameter that it does not have
    api("POST", f"{BASE}/serverlessEndpoints/less/regenerateKeys?api-version=2024-10-01", {"keyType": "Secondary"})
    after = ml_client.serverless_endpoints.get_keys("less")
    assert after.primary_key == before.primary_key
    assert after.secondary_key != before.secondary_key


def test_a_feature_store_entity_is_versioned(ml_client: Any) -> None:
    from azure.ai.ml.entities import DataColumn, DataColumnType, FeatureStoreEntity

    column = DataColumn(name="account", type=DataColumnType.STRING)
    wanted = FeatureStoreEntity(name="account", version="1", index_columns=[column])
    made = ml_client.feature_store_entities.begin_create_or_update(wanted).result()
    assert [one.name for one in made.index_columns] == ["account"]
    assert [one.version for one in ml_client.feature_store_entities.list(name="account")] == ["1"]


def test_indexes_are_versioned_and_listed(ml_client: Any, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Index

    (tmp_path / "MLIndex").write_text("index: {}")
    first = ml_client.indexes.create_or_update(Index(name="found", path=str(tmp_path), tags={"a": "b"}))
    second = ml_client.indexes.create_or_update(Index(name="found", path=str(tmp_path)))
    assert (first.version, second.version, first.tags) == ("1", "2", {"a": "b"})
    assert ml_client.indexes.get("found", label="latest").version == "2"
    assert ml_client.indexes.get("found", version="1").path == first.path
    assert [(one.name, one.version) for one in ml_client.indexes.list()] == [("found", "2")]
    assert [one.version for one in ml_client.indexes.list("found")] == ["2", "1"]


def test_a_step_that_imports_data_is_taken_and_ends_honestly(ml_client: Any) -> None:
    from azure.ai.ml import Output, dsl
    from azure.ai.ml.data_transfer import Database, import_data

    @dsl.pipeline(default_compute="serverless")  # type: ignore[untyped-decorator]  # the SDK types nothing
    def importing() -> None:
        import_data(
            source=Database(connection="azureml:words", query="select word from words"),
            outputs={"sink": Output(type="mltable", path="azureml://datastores/workspaceblobstore/paths/words/")},
        )

    made = ml_client.jobs.create_or_update(importing())
    assert ended(ml_client, made.name) == "Failed"
    with pytest.raises(Exception, match="import_data_database"):
        ml_client.jobs.stream(made.name)
