"""What people decide while workflows run, and two projects side by side, through the real workflow files and act.

Nothing is trained: models of the shipped weights are registered as `register` leaves them.
"""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process
from emulator_support.serving import register_model
from mlops.actions import ActRun
from mlops.azure import data
from mlops.cli.rehearse import roles
from mlops.domain.tags import BASE_MODEL_TAG, DATA_TAG, OWNER_TAG, VERDICT_TAG
from tests.contract.own_workspace import own_workspace
from tests.journeys.conftest import Clone

BASE_MODEL = "Phi-3-mini-4k-instruct:15"
OF_PRODUCTION = roles.client("production")
ONE, OTHER = "phi-3-mini-ultrachat", "helpdesk"
pytestmark = [pytest.mark.filterwarnings(f"ignore::DeprecationWarning:{name}") for name in ("azure", "marshmallow")]
DAY = 86400
TURNS = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there"}]


def register(clone: Clone, folder: Path) -> None:
    """Of each project two versions of a model that passed the gate, and the test file that they are asked from."""
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model
    from azure.identity import DefaultAzureCredential

    test = folder / "test.jsonl"
    test.write_text(json.dumps({"messages": TURNS}) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in process.variables(clone.address, {}).items():
            patch.setenv(key, value)
        names = process.workspace()
        places = (names[f"AZURE_{key}"] for key in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "ML_WORKSPACE"))
        client = MLClient(DefaultAzureCredential(), *places)
        register_model(client, folder / "good", "source")
        source = str(client.models.get("source", version="1").path)
        for name in (ONE, OTHER):
            data.upload(own_workspace(), name, "1", dict.fromkeys(data.ROLES, test), {})
            passed = {OWNER_TAG: name, VERDICT_TAG: "pass", DATA_TAG: f"{name}:1", BASE_MODEL_TAG: BASE_MODEL}
            for version in "12":
                made = Model(name=name, version=version, path=source, type="mlflow_model", tags=passed)
                client.models.create_or_update(made)


@pytest.fixture(scope="module")
def refused(clone: Clone, sdk_imported: None, tmp_path_factory: pytest.TempPathFactory) -> ActRun:
    """A first release of models that are registered, while the identity of production lacks its role."""
    for name in ("staging", "production"):
        clone.replace("params.yaml", f"    endpoint: chat-{name}-{{workspace_hash}}\n", "")
    clone.replace("params.yaml", "smoke_conversations: 3", "smoke_conversations: 1")
    assert clone.rehearse("--until", "emulator")[0] == 0
    register(clone, tmp_path_factory.mktemp("models"))
    given = clone.control("GET", "/access")
    own = [
        one for one in given["role_assignments"] if one["principal"] == OF_PRODUCTION and "/workspaces/" in one["scope"]
    ]
    lacking = [one for one in given["role_assignments"] if one not in own]
    assert own
    clone.control("PUT", "/access", {"role_assignments": lacking})
    done = clone.dispatch("promote", model=f"{ONE}:1", environment="all")
    clone.control("PUT", "/access", given)
    return done


@pytest.fixture(scope="module")
def first(clone: Clone, refused: ActRun) -> Clone:
    """The first project, its first version live in both environments, whose endpoints have their default names."""
    released = clone.dispatch("promote", model=f"{ONE}:1", environment="production")
    assert released.succeeded, released.cause()
    return clone


def test_each_environment_is_signed_in_to_as_its_own_identity_with_its_own_roles(refused: ActRun) -> None:
    assert refused.jobs["first (staging)"] == "success"
    assert refused.jobs["second (production)"] == "failure"
    assert [one.code for one in refused.exits if one.code] == [6]
    lacks = rf"client '{OF_PRODUCTION}' with object id '\S+' does not have authorization to perform action '\S+'"
    assert re.search(lacks, refused.cause())


def production(clone: Clone) -> dict[str, Any]:
    """As `mlops status` tells it."""
    _, found = clone.run("status")["environments"]
    return dict(found)


def test_a_rollback_ends_a_promotion_before_and_while_it_has_traffic_and_a_scale_by_hand_is_kept(first: Clone) -> None:
    before = production(first)
    first.scale_by_hand(before["endpoint"], "model-1", 3)
    environment = "all"
    consent: dict[str, Any] = {}
    for phase, fault in (
        ("deploy", "deployments.put *-production-*: slow 100 s once"),
        ("canary", "scoring.score: slow 100 s once after 2 requests"),
    ):
        told: list[str] = []

        def on_line(line: str, phase: str = phase, told: list[str] = told) -> None:
            if not told and f"production: {phase}: " in line:
                told.append(line)
                back = first.dispatch("rollback", environment="production", reason=f"not in its {phase}")
                assert back.succeeded, back.cause()
                first.control("DELETE", "/faults")  # what hung goes on

        first.control("POST", "/faults", {"rule": fault})
        done = first.dispatch("promote", heard=on_line, model=f"{ONE}:2", environment=environment, **consent)
        assert told, done.cause()
        assert done.jobs[f"{'second' if environment == 'all' else 'first'} (production)"] == "failure"
        assert [one.code for one in done.exits if one.code] == [2]
        after = production(first)
        assert after["live"]["model"] == before["live"]["model"]
        assert after["held"]["2"]["why"] == f"not in its {phase}"
        served = {one["deployment"]: (one["traffic"], one["instances"]) for one in after["serves"]}
        assert served == {"model-1": (100, 3), "model-2": (0, 3)}
        environment, consent = "production", {"release_hold": "true", "reason": "a person says so"}


def stands(clone: Clone) -> list[dict[str, Any]]:
    """What another project could harm: the endpoints of this one, what they serve, and what was decided of it."""
    return [{**one, "use": None} for one in clone.run("status")["environments"]]


@pytest.fixture(scope="module")
def other(first: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A second project: a repository whose parameters differ in the model's name alone, in the same workspace."""
    folder = tmp_path_factory.mktemp("other") / "repository"
    shutil.copytree(first.folder, folder, symlinks=True)
    made = replace(first, folder=folder)
    made.replace("params.yaml", f"name: {ONE} ", f"name: {OTHER} ")
    return made


def test_two_projects_with_default_names_release_and_clean_up_side_by_side(first: Clone, other: Clone) -> None:
    before = stands(first)
    released = other.dispatch("promote", model=f"{OTHER}:1", environment="all")
    assert released.succeeded, released.cause()
    made = [released.output("promote", "endpoint", f"({name})") for name in ("staging", "production")]
    assert len({*made, *(one["endpoint"] for one in before)}) == 4
    first.control("POST", "/clock", {"advance_seconds": 5 * DAY})
    cleaned = other.dispatch("cleanup", apply="true")
    assert cleaned.succeeded, cleaned.cause()
    assert cleaned.output("cleanup", "marked-names") == made[0]
    assert stands(first) == before


def test_one_endpoint_for_two_environments_is_refused_with_its_lines_before_anything_is_done(other: Clone) -> None:
    for name in ("staging", "production"):
        other.replace("params.yaml", f"  {name}:\n", f"  {name}:\n    endpoint: helpdesk\n")
    done = other.push()
    assert done.jobs == {"plan": "failure"}
    assert [one.code for one in done.exits] == [2]
    lines = (other.folder / "params.yaml").read_text(encoding="utf-8").splitlines()
    first, second = (number for number, line in enumerate(lines, start=1) if line == "    endpoint: helpdesk")
    assert f"params.yaml:{second}:" in done.cause()
    assert f"the other is on line {first};" in done.cause()
