"""Our own reading of jobs, against a run that really failed."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_emulator.http.address import Address
from mlops.azure import jobs, steps
from mlops.azure.workspace import Workspace
from mlops.domain.training.run import JobState
from mlops.errors import RemoteFailed
from mlops.flow.context import Context
from mlops.flow.release import resume
from mlops.flow.training import watch
from mlops.params import load
from mlops.views import model_card
from mlops.views import resume as resume_view
from mlops.views import watch as view
from tests.contract.own_workspace import connected_workspace
from tests.project import PARAMS_FILE

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ROOT = Path(__file__).resolve().parents[2]
OWNER, FAILED = "owner-of-a-failure", "ft-fa11edfa11ed-1"


def test_the_cause_of_a_failure_is_found_in_the_step_that_failed(
    emulator_address: Address, ml_client: "MLClient", registry_client: "MLClient", tmp_path: Path
) -> None:
    from azure.ai.ml import Input, dsl

    row = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
    (tmp_path / "few.jsonl").write_text(row * 3)
    component = registry_client.components.get("chat_completion_pipeline", version="0.0.75")
    base = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"

    @dsl.pipeline(name="too-few")  # type: ignore[untyped-decorator]
    def pipeline() -> object:
        few = Input(type="uri_file", path=str(tmp_path / "few.jsonl"))
        node = component(mlflow_model_path=Input(type="mlflow_model", path=base), train_file_path=few)
        return {"mlflow_model_folder": node.outputs.mlflow_model_folder}

    job = pipeline()
    job.name, job.experiment_name, job.tags = FAILED, "contract", {"mlops-owner": OWNER}
    ml_client.jobs.create_or_update(job)
    workspace = connected_workspace()
    while (found := jobs.find(workspace, FAILED)) is not None and not found.state.ended:
        time.sleep(0.05)
    assert found is not None
    assert found.state is JobState.FAILED
    assert jobs.failure(workspace, FAILED).startswith("ACFTDataException")
    _a_watch_names_the_step_its_error_and_the_end_of_its_log(workspace)
    _a_tick_is_red_and_says_the_cause(workspace)


def _a_watch_names_the_step_its_error_and_the_end_of_its_log(workspace: Workspace) -> None:
    said: list[str] = []
    context = Context(load(PARAMS_FILE), PARAMS_FILE, lambda: workspace, said.append)
    found = watch.run(context, job=FAILED, wait_minutes=1, ok_if_unfinished=False)
    assert isinstance(found.failure, RemoteFailed)
    (problem,) = found.failure.problems
    assert problem.what == f"{FAILED} is Failed at chat_completion_datapreprocess"
    assert "ACFTDataException" in problem.why
    assert f"/jobs/{FAILED}" in problem.fix, "the page of the run, which is the emulator's here"
    (section,) = view.report(found.result).sections
    assert section.title == "The end of the log of chat_completion_datapreprocess"
    assert "ACFTDataException" in "".join(section.lines)
    assert "step chat_completion_datapreprocess is Failed after 0 s" in said
    assert [step.name for step in found.result.failed_steps] == ["chat_completion_datapreprocess"]
    log = steps.Log(
        workspace, next(step.id for step in steps.tree(workspace, FAILED) if step.status == "Failed" and step.leaf)
    )
    assert log.more()
    assert log.more() == [], "what was read is not read again"
    assert {step.name for step in steps.tree(workspace, FAILED)} >= {"ft_nlp_common_validation"}


def _a_tick_is_red_and_says_the_cause(workspace: Workspace) -> None:
    """On the run above, because each run on the emulator costs seconds."""
    params = load(PARAMS_FILE)
    params = params.model_copy(update={"model": params.model.model_copy(update={"name": OWNER})})
    context = Context(params, PARAMS_FILE, lambda: workspace, lambda _: None)
    found = resume.run(context, render=model_card.markdown)
    assert isinstance(found.failure, RemoteFailed)
    (problem,) = found.failure.problems
    assert problem.what == f"{FAILED} is Failed"
    assert problem.why.startswith("ACFTDataException")
    assert resume_view.outputs(found.result) == {
        **dict.fromkeys(("job", "model", "environment", "commit", "still-open"), ""),
        **dict.fromkeys(("finished", "open"), "false"),
    }
    newest = found.result.runs[0]
    assert (newest.run, newest.state, newest.done) == (FAILED, JobState.FAILED, resume.RunOutcome.FAILED)
    again = resume.run(context, render=model_card.markdown)
    assert again.failure is None, "it is told once"
    assert again.result.warnings[0].startswith(f"{FAILED} did not end well")
    assert f"warning: {FAILED}" in resume_view.report(again.result).to_markdown()
