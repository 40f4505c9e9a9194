"""A training component in a YAML file of the repository: registered by its content, really run, judged as any other."""

import json
import shutil
import time
from pathlib import Path

import pytest

from azureml_emulator.http.address import Address
from mlops.azure import jobs, provenance, registry
from mlops.azure.workspace import Workspace
from mlops.domain.asset_ids import label
from mlops.domain.training.run import JobState
from mlops.errors import BadInput
from mlops.flow.context import Context
from mlops.flow.dataset import prepare
from mlops.flow.evaluation import evidence
from mlops.flow.training import compute, submit
from mlops.params import Params, load
from tests.contract.own_workspace import connected_workspace
from tests.contract.sdk_check import sdk_check
from tests.project import PARAMS_FILE

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "lora-component"


@pytest.fixture(scope="module")
def workspace(emulator_address: Address, sdk_imported: None) -> Workspace:
    return connected_workspace()


@pytest.fixture(scope="module")
def context(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A repository that trains its forty rows with the example of the documents."""
    root = tmp_path_factory.mktemp("own")
    shutil.copytree(EXAMPLE, root / "lora")
    (root / "data").mkdir()
    rows = [
        {"messages": [{"role": "user", "content": f"Is {n} even?"}, {"role": "assistant", "content": f"Ask {n}."}]}
        for n in range(40)
    ]
    (root / "data" / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    stated = load(PARAMS_FILE).model_dump()
    stated["model"]["name"], stated["data"]["name"], stated["data"]["dataset"] = "own-lora", "own-rows", None
    stated["data"]["near_duplicates"] = None
    stated["training"] = {
        "component": "lora/component.yaml",
        "compute": "own-lora",
        "instance_type": "Standard_NC24ads_A100_v4",
        "parameters": {"lora_r": 4, "num_train_epochs": 2},
    }
    stated["gate"]["rules"] = [{"metric": "eval_loss", "max": 20}]
    return Context(Params.model_validate(stated), root / "params.yaml", lambda: workspace, lambda _: None)


@pytest.fixture(scope="module")
def job(context: Context, workspace: Workspace) -> str:
    """The run, which ended."""
    prepare.run(context, out=context.root / "prepared", upload=True)
    assert compute.run(context).failure is None
    with sdk_check() as said:
        made = submit.run(context, force=False).result
    assert said == {made.job: {}}
    assert made.submitted
    assert made.parameters
    while not (found := jobs.find(workspace, made.job)) or not found.state.ended:
        time.sleep(0.05)
    assert found.state is JobState.COMPLETED, jobs.failure(workspace, made.job)
    return made.job


def test_it_trains_and_its_run_has_metrics_and_a_model(context: Context, workspace: Workspace, job: str) -> None:
    metrics, _ = evidence.metrics_of_run(workspace, job)
    assert {"eval_loss", "train_loss"} <= set(metrics)
    made = provenance.made_of(workspace, job)
    assert made
    assert label(made.component).startswith("team_lora:")
    assert made.parameters["lora_r"] == "4"


def test_what_was_trained_is_not_trained_again_and_other_code_is(context: Context, job: str) -> None:
    again = submit.run(context, force=False).result
    assert (again.submitted, again.job) == (False, job)
    code = context.root / "lora" / "code" / "train.py"
    before = code.read_text()
    code.write_text(f"{before}\n# another version\n")
    try:
        other = submit.run(context, force=False).result
    finally:
        code.write_text(before)
    assert other.submitted
    assert other.fingerprint != again.fingerprint


def test_the_registered_component_serves_by_its_name_too(context: Context, workspace: Workspace, job: str) -> None:
    """Another repository of the team can name it in the workspace instead of copying the file."""
    made = provenance.made_of(workspace, job)
    assert made
    name, _, version = label(made.component).partition(":")
    found = registry.component(workspace, "", name, version)
    assert found.outputs == {"mlflow_model_folder": "mlflow_model"}
    named = {"component": name, "component_from": "workspace", "component_version": version}
    training = context.params.training.model_copy(update=named)
    by_name = Context(
        context.params.model_copy(update={"training": training}), context.params_path, lambda: workspace, lambda _: None
    )
    assert compute.run(by_name, make=False).failure is None
    with pytest.raises(BadInput, match="of the workspace"):
        registry.component(workspace, "", name, "0.0.1")
