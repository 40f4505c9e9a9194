"""What a call reads of the store does not grow with what is in it, and what is remembered of it stays true."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_emulator.catalog import sizes
from azureml_emulator.control import page
from azureml_emulator.core import arm, store
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.state_transitions import Delay
from azureml_emulator.services.assets.models import Models
from azureml_emulator.services.entra import locks
from azureml_emulator.services.workspaces import arm_records, quota

JOB = {"properties": {"jobType": "Command", "status": "Completed"}}
GROUP = "/subscriptions/s/resourceGroups/g"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    made = Emulator(tmp_path)
    yield made
    made.close()


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of resources whose bodies are read."""
    found: list[str] = []
    read = store._resource

    def counting(row: tuple[str, str, str, str, str, int]) -> store.Resource:
        found.append(row[0])
        return read(row)

    monkeypatch.setattr(store, "_resource", counting)
    return found


def roll_back(emulator: Emulator, name: str, value: str) -> None:
    with pytest.raises(ZeroDivisionError), emulator.transaction():  # noqa: PT012 - the second line forgets the first
        emulator.store.set_setting(name, value)
        _ = 1 / 0


def test_settings_are_as_they_are_stored_also_after_what_was_forgotten(emulator: Emulator, tmp_path: Path) -> None:
    emulator.store.set_setting("a", "1")
    assert emulator.store.setting("a", "0") == "1"
    roll_back(emulator, "a", "2")
    assert emulator.store.setting("a", "0") == "1"
    roll_back(emulator, "b", "3")
    assert emulator.store.setting("b", "none") == "none"
    emulator.store.forget_setting("a")
    assert emulator.store.setting("a", "0") == "0"
    emulator.store.set_setting("c", "4")
    again = store.Store(tmp_path)
    assert (again.setting("a", "0"), again.setting("c", "0")) == ("0", "4")
    again.close()


def test_whether_operations_are_under_way_is_true_after_what_was_forgotten(emulator: Emulator) -> None:
    request = Request("PUT", arm.HOST, "/", params={"sub": "s"})
    assert not emulator.operations.are_under_way
    with pytest.raises(ZeroDivisionError), emulator.transaction():  # noqa: PT012 - the second line forgets the first
        emulator.operations.start("/p/a", "things", request=request, location="eastus", held=True)
        assert emulator.operations.are_under_way
        _ = 1 / 0
    assert not emulator.operations.are_under_way
    begun = emulator.operations.start("/p/a", "things", request=request, location="eastus", held=True)
    assert emulator.operations.are_under_way
    emulator.operations.release(begun.id, Delay())
    assert not emulator.operations.are_under_way


def test_a_container_of_many_versions_is_shown_by_reading_its_newest(emulator: Emulator, parsed: list[str]) -> None:
    container = emulator.store.put(f"{GROUP}/models/m", {"properties": {}}, parent=GROUP, kind="models", name="m")
    for number in range(1, 51):
        body = {"properties": {"isArchived": number == 50}}
        id = f"{container.id}/versions/{number}"
        emulator.store.put(id, body, parent=container.id, kind="models/versions", name=str(number))
    parsed.clear()
    shown = Models().show_container(emulator, container)
    assert (shown["properties"]["latestVersion"], shown["properties"]["nextVersion"]) == ("49", "51")
    assert parsed == [f"{container.id}/versions/{number}".lower() for number in (50, 49)]


def test_a_write_looks_at_locks_and_at_no_other_resource_of_a_group(emulator: Emulator, parsed: list[str]) -> None:
    for number in range(30):
        id = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a{number}"
        body = {"type": "Microsoft.Storage/storageAccounts", "properties": {}}
        emulator.store.put(id, body, parent=GROUP, kind=arm_records.KIND, name=f"a{number}")
    lock = f"{GROUP}/providers/Microsoft.Authorization/locks/all"
    said = {"type": "Microsoft.Authorization/locks", "properties": {"level": "ReadOnly"}}
    emulator.store.put(lock, said, parent=GROUP, kind=arm_records.KIND, name="all")
    parsed.clear()
    with pytest.raises(ServiceError, match="locked"):
        locks.refuse(emulator, "PUT", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/new")
    assert parsed == [lock.lower()]


def test_the_machines_of_deployments_are_counted_without_reading_them(emulator: Emulator, parsed: list[str]) -> None:
    large, small = "Standard_NC24ads_A100_v4", "Standard_DS3_v2"
    stated = (("Managed", large, 2), ("Managed", large.lower(), None), ("Managed", large, 0), ("Managed", small, 5))
    for number, (kind, size, capacity) in enumerate((*stated, ("Kubernetes", large, 9), ("Managed", None, 1))):
        properties = {"endpointComputeType": kind, "instanceType": size}
        id, body = f"{GROUP}/d/{number}", {"properties": properties, "sku": {"name": "Default", "capacity": capacity}}
        emulator.store.put(id, body, parent=GROUP, kind="deployments", name=str(number))
    found = sizes.find(large)
    assert found
    parsed.clear()
    assert quota.used(emulator, found.family) == (2 + 1 + 1) * found.vcpus
    assert parsed == []


def test_the_page_reads_the_jobs_that_it_shows(emulator: Emulator, parsed: list[str]) -> None:
    for number in range(page.LAST_JOBS + 20):
        emulator.store.put(f"{GROUP}/jobs/{number}", JOB, parent=GROUP, kind="jobs", name=str(number))
    parsed.clear()
    shown = emulator.store.newest("jobs", page.LAST_JOBS)
    assert [job.name for job in shown[:2]] == [str(page.LAST_JOBS + 19), str(page.LAST_JOBS + 18)]
    parsed.clear()
    page.overview(Request("GET", "control.emulator", "/"), emulator)
    assert sum("/jobs/" in id for id in parsed) == page.LAST_JOBS
