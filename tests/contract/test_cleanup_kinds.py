"""`mlops cleanup` of what is not an endpoint: jobs past their limit, idle computes, old versions of models and data."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import SIZE, Call, arm
from mlops.domain.training.run import job_name
from mlops.errors import BadInput
from mlops.flow.cleanup.cleanup import CleanupResult
from mlops.flow.outcome import Outcome
from mlops.params import Params
from mlops.views.cleanup import outputs, report
from tests.contract.cleanup_site import DAY, HOUR, PARAMS, Site, opened, with_cleanup

NAME = "tidyup"
OURS = {"mlops-owner": NAME}
EVALUATIONS = {number: f"ev-{number * 12}-1" for number in ("1", "3", "4", "5")}
JOB, OTHER = job_name("0123456789ab", 1), "tidy-job"


def params(**changes: Any) -> Params:
    """Parameters of a model and data of this module's own."""
    whole = with_cleanup(**{"keep_versions": 1, "archive_after_days": 1, "job_hours": 72, **changes}).model_dump()
    return Params.model_validate(
        {**whole, "model": {**whole["model"], "name": NAME}, "data": {**whole["data"], "name": NAME}}
    )


@pytest.fixture
def site(api: Call, emulator_address: Address, sdk_imported: None) -> Iterator[Site]:
    yield from opened(api, emulator_address)


def states(outcome: Outcome[CleanupResult], kind: str) -> dict[str, str]:
    return {item.name: f"{item.status}: {item.because}" for item in outcome.result.items if item.kind == kind}


@pytest.fixture
def jobs(site: Site, ml_client: Any) -> Iterator[Site]:
    """A job of ours and one of somebody else, both running."""
    from azure.ai.ml import command
    from azure.ai.ml.entities import Environment

    environment = Environment(image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04")
    machines = {"mlops-instance-type": SIZE, "mlops-nodes": "2"}
    for name, tags in ((JOB, {**OURS, **machines}), (OTHER, {})):
        ml_client.jobs.create_or_update(
            command(name=name, command="sleep 600", environment=environment, compute="serverless", tags=tags)
        )
    for _ in range(200):
        if ml_client.jobs.get(JOB).status == "Running":
            break
        time.sleep(0.05)
    yield site
    for name in (JOB, OTHER):
        if ml_client.jobs.get(name).status not in ("Canceled", "Completed", "Failed"):
            ml_client.jobs.begin_cancel(name).result()


def test_a_job_of_ours_past_its_limit_is_marked_and_canceled_and_costs_until_then(jobs: Site, ml_client: Any) -> None:
    assert states(jobs.cleanup(params()), "job")[JOB] == "kept: in use"
    jobs.wait(4 * DAY)
    assert states(jobs.cleanup(params(), apply=False), "job")[JOB] == "to mark: too long"
    marked = jobs.cleanup(params())
    assert states(marked, "job") == {JOB: "marked: too long", OTHER: "kept: not ours"}
    assert outputs(marked.result)["idle-instance-hours-a-day"] == "48"
    jobs.wait(21 * HOUR)
    ml_client.jobs.update(JOB, tags={"keep-until": "2999-01-01"})
    assert states(jobs.cleanup(params()), "job")[JOB] == "kept: protected"
    ml_client.jobs.update(JOB, tags={"keep-until": "2020-01-01"})
    rule = {"kind": "job", "name": "ft-0123*"}
    assert states(jobs.cleanup(params(protect=[rule])), "job")[JOB] == "kept: protected"
    done = jobs.cleanup(params())
    assert states(done, "job") == {JOB: "canceled: too long", OTHER: "kept: not ours"}
    assert outputs(done.result)["canceled-names"] == JOB
    assert outputs(done.result)["saved-instance-hours-a-day"] == "48"
    while (status := ml_client.jobs.get(JOB).status) == "CancelRequested":
        time.sleep(0.05)
    assert status == "Canceled"
    assert ml_client.jobs.get(OTHER).status != "Canceled"
    assert JOB not in states(jobs.cleanup(params()), "job")


@pytest.fixture
def machines(site: Site, ml_client: Any) -> Iterator[Site]:
    """A cluster of ours that keeps a node, one of somebody else, and a compute instance of ours."""
    from azure.ai.ml.entities import AmlCompute, ComputeInstance

    process.control(site.address, "PUT", "/delay/computes", {"delay": "at once"})
    for name, tags in (("tidy-ours", OURS), ("tidy-theirs", {})):
        cluster = AmlCompute(name=name, size="Standard_DS3_v2", min_instances=1, max_instances=2, tags=tags)
        ml_client.compute.begin_create_or_update(cluster).result()
    ml_client.compute.begin_create_or_update(
        ComputeInstance(name="tidy-desk", size="Standard_DS3_v2", tags=OURS)
    ).result()
    yield site
    for name in ("tidy-ours", "tidy-theirs", "tidy-desk"):
        ml_client.compute.begin_delete(name).result()


def test_idle_computes_are_reported_and_only_when_told_released(machines: Site, ml_client: Any) -> None:
    assert states(machines.cleanup(params()), "compute")["tidy-desk"] == "kept: too young"
    machines.wait(4 * DAY)
    said = states(machines.cleanup(params()), "compute")
    assert said["tidy-desk"] == "reported: idle"
    assert ml_client.compute.get("tidy-desk").state == "Running"
    what = {**PARAMS.cleanup.what.model_dump(), "idle_compute": "act"}
    rule = {"kind": "compute", "name": "tidy-ours"}
    assert states(machines.cleanup(params(what=what, protect=[rule])), "compute")["tidy-ours"] == "kept: protected"
    ml_client.compute.begin_start("tidy-desk").result()
    machines.wait(4 * DAY)
    acted = states(machines.cleanup(params(what=what)), "compute")
    assert acted["tidy-ours"] == "scaled to zero: idle"
    assert ml_client.compute.get("tidy-ours").min_instances == 0
    assert acted["tidy-theirs"] == "reported: idle"
    assert acted["tidy-desk"] == "stopped: idle"
    assert ml_client.compute.get("tidy-desk").state == "Stopped"
    assert ml_client.compute.get("tidy-theirs").min_instances == 1
    again = states(machines.cleanup(params(what=what)), "compute")
    assert again["tidy-desk"] == "reported: idle"


@pytest.fixture
def versions(site: Site, api: Call, ml_client: Any, tmp_path: Path) -> Site:
    """Five data versions, and models made from the first four; the third model is archived. Some were evaluated."""
    from azure.ai.ml import command
    from azure.ai.ml.entities import Environment, Model

    for number in range(1, 6):
        for role in ("train", "validation", "test", "evaluation"):
            tags = {**OURS, "mlops-data": f"{NAME}:{number}"} if role == "evaluation" else OURS
            stated = {"dataType": "uri_file", "dataUri": f"https://example.org/{number}", "tags": tags}
            answer = api("PUT", arm(f"data/{NAME}-{role}/versions/{number}"), {"properties": stated})
            assert answer.status == 201, answer.data
    (tmp_path / "weights").write_text("0")
    for number in range(1, 5):
        stated = {**OURS, "mlops-data": f"{NAME}:{number}"}
        model = Model(name=NAME, version=str(number), path=str(tmp_path / "weights"), type="custom_model", tags=stated)
        ml_client.models.create_or_update(model)
        site.wait(60)
    ml_client.models.archive(NAME, "3")
    environment = Environment(image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04")
    for model, job in EVALUATIONS.items():
        tags = {**OURS, "mlops-evaluates": f"{NAME}:{model}", "mlops-data": f"{NAME}:{model}"}
        work = command(name=job, command="true", environment=environment, compute="serverless", tags=tags)
        ml_client.jobs.create_or_update(work)
    while any(ml_client.jobs.get(job).status not in ("Completed", "Failed") for job in EVALUATIONS.values()):
        time.sleep(0.05)
    return site


def test_old_versions_are_archived_but_never_what_a_live_model_was_made_from(versions: Site, api: Call) -> None:
    assert set(states(versions.cleanup(params()), "data").values()) <= {"kept: too young", "kept: needed"}
    versions.wait(2 * DAY)
    blind = versions.cleanup(params(workspace="tidy-nowhere"))
    assert set(states(blind, "model").values()) == {"kept: no data", "kept: needed"}, "it may be live there"
    assert "rg-emulator/tidy-nowhere: " in blind.result.unread_workspaces[0]
    assert "not looked at: rg-emulator/tidy-nowhere" in report(blind.result).to_markdown()
    rules = [{"kind": "model", "name": f"{NAME}:1"}, {"kind": "evaluation", "name": EVALUATIONS["5"]}]
    found = versions.cleanup(params(protect=rules))
    assert states(found, "model") == {
        f"{NAME}:1": "kept: protected",
        f"{NAME}:2": "archived: old",
        f"{NAME}:4": "kept: needed",
    }
    data = states(found, "data")
    assert data[f"{NAME}-train:1"] == "kept: needed", "model 1 is still listed"
    assert data[f"{NAME}-train:2"] == "kept: needed", "model 2 was, when this run looked"
    assert data[f"{NAME}-train:3"] == "archived: old", "only an archived model was made from it"
    assert data[f"{NAME}-train:5"] == "kept: needed", "the newest"
    later = states(versions.cleanup(params(protect=[{"kind": "model", "name": f"{NAME}:1"}])), "data")
    assert later[f"{NAME}-train:2"] == "archived: old"
    assert later[f"{NAME}-test:1"] == "kept: needed"
    assert f"{NAME}-train:3" not in later
    assert (data[f"{NAME}-evaluation:1"], data[f"{NAME}-evaluation:3"]) == ("kept: needed", "archived: old")
    ours = {name: state for name, state in states(found, "evaluation").items() if state != "kept: not ours"}
    assert ours == {
        EVALUATIONS["1"]: "kept: needed",
        EVALUATIONS["3"]: "archived: old",
        EVALUATIONS["4"]: "kept: needed",
        EVALUATIONS["5"]: "kept: protected",
    }
    assert EVALUATIONS["3"] not in states(versions.cleanup(params()), "evaluation")
    shown = api("GET", arm(f"data/{NAME}-train/versions/3")).json()
    assert shown["properties"]["isArchived"] is True, "it is there, only hidden"


def test_a_misspelt_rule_for_a_version_stops_the_run(site: Site) -> None:
    with pytest.raises(BadInput, match="fits nothing"):
        site.cleanup(params(protect=[{"kind": "model", "name": f"{NAME}:99"}]))
    with pytest.raises(BadInput, match="fits nothing"):
        site.cleanup(params(protect=[{"kind": "data", "name": "tidyupp-train:*"}]))
