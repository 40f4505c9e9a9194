"""Steps of a user's own whose work was done before, through the real SDK."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulator_support.jobs import ended

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MARK = "azureml.isreused"


@pytest.fixture(scope="module")
def steps(ml_client: "MLClient") -> Any:
    """Makes a component that writes a word; `fields` are the component's."""
    from azure.ai.ml import Input, Output, command
    from azure.ai.ml.entities import Environment

    def step(name: str, text: str = "echo ${{inputs.word}} > ${{outputs.out}}/said.txt", **fields: Any) -> Any:
        return command(
            name=name, command=text, environment=Environment(name="reuse", version="1", image="python:3.11"),
            inputs={"word": Input(type="string")}, outputs={"out": Output(type="uri_folder")}, **fields,
        )  # fmt: skip

    return step


def reused(ml_client: "MLClient", build: Any, **settings: Any) -> dict[str, bool]:
    """Which steps of a pipeline were not run again, by their names."""
    from azure.ai.ml import dsl

    job = dsl.pipeline(name="again", default_compute="serverless")(build)()
    for key, value in settings.items():
        setattr(job.settings, key, value)
    made = ml_client.jobs.create_or_update(job)
    assert ended(ml_client, str(made.name)) == "Completed"
    children = ml_client.jobs.list(parent_job_name=made.name)
    return {str(one.display_name): (one.properties or {}).get(MARK) == "true" for one in children}


def test_the_same_work_is_done_once_however_its_component_is_named(
    ml_client: "MLClient", steps: Any, tmp_path: Path
) -> None:
    def twice() -> Any:
        first = steps("one")(word="twice")
        steps("two")(word="twice")
        steps("other")(word="else")
        return {"said": first.outputs.out}

    assert reused(ml_client, twice) == {"first": False, "two": True, "other": False}
    assert reused(ml_client, twice) == {"first": True, "two": True, "other": True}
    newest = next(iter(ml_client.jobs.list()))
    ml_client.jobs.download(str(newest.name), download_path=str(tmp_path), output_name="said")
    assert [path.read_text().strip() for path in tmp_path.rglob("said.txt")] == ["twice"]


def test_work_is_done_again_where_the_job_or_the_component_says_so(ml_client: "MLClient", steps: Any) -> None:
    def fixed() -> None:
        steps("fixed")(word="again")

    def changing() -> None:
        steps("changing", is_deterministic=False)(word="again")

    assert reused(ml_client, fixed) == {"fixed": False}
    assert reused(ml_client, fixed, force_rerun=True) == {"fixed": False}
    assert reused(ml_client, changing) == {"changing": False}
    assert reused(ml_client, changing) == {"changing": False}


def test_a_virtual_cluster_is_not_looked_for_before_the_job_is_to_run(ml_client: "MLClient", steps: Any) -> None:
    from azure.ai.ml import dsl

    def elsewhere() -> None:
        steps("far")(word="away")

    scope = f"/subscriptions/{ml_client.subscription_id}/resourceGroups/{ml_client.resource_group_name}"
    cluster = f"{scope}/providers/Microsoft.MachineLearningServices/virtualclusters/nowhere"
    job = dsl.pipeline(name="far", default_compute=cluster)(elsewhere)()
    made = ml_client.jobs.create_or_update(job)
    assert ended(ml_client, str(made.name)) == "Failed"


def test_an_import_goes_to_the_data_factory_without_a_compute_of_the_workspace(ml_client: "MLClient") -> None:
    """As azure-ai-ml sends an import job: a curated environment without a version, and that compute's name."""
    from azure.ai.ml import command

    scope = f"/subscriptions/{ml_client.subscription_id}/resourceGroups/{ml_client.resource_group_name}"
    workspace = f"{scope}/providers/Microsoft.MachineLearningServices/workspaces/{ml_client.workspace_name}"
    job = command(
        command="import", compute=f"{workspace}/computes/DataFactory",
        environment=f"{workspace}/environments/AzureML-sklearn-1.0-ubuntu20.04-py38-cpu/versions/33",
    )  # fmt: skip
    made = ml_client.jobs.create_or_update(job)
    assert ended(ml_client, str(made.name)) == "Failed"


def test_the_values_that_a_sweep_tries_are_inputs_that_are_given(ml_client: "MLClient", steps: Any) -> None:
    from azure.ai.ml import dsl
    from azure.ai.ml.sweep import Choice

    def trying(**more: Any) -> Any:
        @dsl.pipeline(default_compute="serverless")  # type: ignore[untyped-decorator]  # the SDK types nothing
        def pipeline() -> None:
            node = steps("tried")(word=Choice(["one", "two"]))
            node = node.sweep(primary_metric="loss", goal="minimize", sampling_algorithm="random")
            node.set_limits(max_total_trials=1, max_concurrent_trials=1)
            node.search_space.update(more)

        return pipeline()

    assert ml_client.jobs.create_or_update(trying()).name
    with pytest.raises(Exception, match="no input named 'other'"):
        ml_client.jobs.create_or_update(trying(other=Choice([1, 2])))


def test_a_job_of_a_pipeline_component_need_not_name_its_outputs(ml_client: "MLClient", steps: Any) -> None:
    from azure.ai.ml import dsl
    from azure.ai.ml.entities import PipelineJob, PipelineJobSettings

    @dsl.pipeline(name="unnamed_outputs")  # type: ignore[untyped-decorator]  # the SDK types nothing
    def saying() -> Any:
        return {"said": steps("says")(word="out").outputs.out}

    component: Any = ml_client.components.create_or_update(saying)
    job = PipelineJob(component=component.id, settings=PipelineJobSettings(default_compute="serverless"))
    made = ml_client.jobs.create_or_update(job)
    assert ended(ml_client, str(made.name)) == "Completed"
