"""Sweeps through the real SDK: their trials really run, and the best of them is known."""

import json
from pathlib import Path
from typing import Any

import pytest

from emulator_support.jobs import ended

SCRIPT = """
import json, os, pathlib, sys, urllib.request
n, out = int(sys.argv[1]), sys.argv[2]
if n == 9:
    sys.exit("nine is refused")
pathlib.Path(out, "n.txt").write_text(str(n))
url = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://") + "/api/2.0/mlflow/runs/log-metric"
point = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "score", "value": n, "timestamp": 1, "step": 0}
said = {"Authorization": "Bearer " + pathlib.Path("token.txt").read_text(), "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(url, json.dumps(point).encode(), said)).read()
"""


@pytest.fixture(scope="module")
def step(ml_client: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A command with an input n, which it logs as its score."""
    from azure.ai.ml import Output, command
    from azure.identity import DefaultAzureCredential

    folder = tmp_path_factory.mktemp("sweep")
    (folder / "work.py").write_text(SCRIPT)
    token = DefaultAzureCredential().get_token("https://management.azure.com/.default").token
    (folder / "token.txt").write_text(token)
    return command(
        name="scored", code=str(folder), command="python work.py ${{inputs.n}} ${{outputs.out}}",
        environment="azureml://registries/azureml/environments/sklearn-1.5/labels/latest", inputs={"n": 0},
        outputs={"out": Output(type="uri_folder")}, compute="serverless",
    )  # fmt: skip


def test_the_best_trial_gives_the_sweep_its_outputs(ml_client: Any, step: Any, tmp_path: Path) -> None:
    from azure.ai.ml.sweep import Choice

    wanted = step(n=Choice([2, 9, 5])).sweep(
        sampling_algorithm="grid", primary_metric="score", goal="Maximize", compute="serverless"
    )
    wanted.set_limits(max_total_trials=4, max_concurrent_trials=2)
    made = ml_client.jobs.create_or_update(wanted)
    assert ended(ml_client, made.name) == "Completed"
    found = ml_client.jobs.get(made.name)
    best = found.properties["best_child_run_id"]
    assert (found.status, best, float(found.properties["score"])) == ("Completed", f"{made.name}_2", 5.0)
    states = {one.name[-1]: one.status for one in ml_client.jobs.list(parent_job_name=made.name)}
    assert states == {"0": "Completed", "1": "Failed", "2": "Completed"}
    trial = ml_client.jobs.get(best)
    assert (trial.type, json.loads(trial.tags["hyperparameters"])) == ("command", {"n": 5})
    for name, place in ((made.name, "sweep"), (best, "trial")):
        ml_client.jobs.download(name, download_path=str(tmp_path / place), output_name="out")
        assert [path.read_text() for path in (tmp_path / place).rglob("n.txt")] == ["5"]
    assert best not in [one.name for one in ml_client.jobs.list()]


def test_a_sweep_within_a_pipeline_hands_on_the_best(ml_client: Any, step: Any, tmp_path: Path) -> None:
    from azure.ai.ml import Input, Output, command, dsl
    from azure.ai.ml.sweep import Choice

    copy = command(
        name="copy", command="cp ${{inputs.x}}/n.txt ${{outputs.y}}", environment=step.environment,
        inputs={"x": Input(type="uri_folder")}, outputs={"y": Output(type="uri_folder")},
    )  # fmt: skip

    @dsl.pipeline(default_compute="serverless")  # type: ignore[untyped-decorator]  # the SDK types nothing
    def swept(trials: int) -> Any:
        searched = step(n=Choice([4, 3, 2])).sweep(sampling_algorithm="grid", primary_metric="score", goal="minimize")
        searched.set_limits(max_total_trials=trials)
        return {"best": copy(x=searched.outputs.out).outputs.y}

    made = ml_client.jobs.create_or_update(swept(trials=2))
    assert ended(ml_client, made.name) == "Completed"
    ml_client.jobs.download(made.name, download_path=str(tmp_path), output_name="best")
    assert [path.read_text() for path in tmp_path.rglob("n.txt")] == ["3"]


def test_a_sweep_whose_metric_nobody_logs_fails_and_says_so(ml_client: Any) -> None:
    from azure.ai.ml import command
    from azure.ai.ml.sweep import Choice

    environment = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
    quiet = command(command="echo ${{inputs.n}}", environment=environment, inputs={"n": 0}, compute="serverless")
    wanted = quiet(n=Choice([1])).sweep(sampling_algorithm="grid", primary_metric="loss", goal="Minimize")
    wanted.set_limits(max_total_trials=1)
    made = ml_client.jobs.create_or_update(wanted)
    assert ended(ml_client, made.name) == "Failed"
    with pytest.raises(Exception, match="No trial logged the primary metric loss"):
        ml_client.jobs.stream(made.name)
