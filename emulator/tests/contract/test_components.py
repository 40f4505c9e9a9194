"""Components of a workspace: anonymous ones, their normal form, and what the SDK makes of them."""

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3

from azureml_emulator.core import defaults

ARM = "https://management.azure.com"
WORKSPACE = (
    f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/{defaults.RESOURCE_GROUP}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{defaults.WORKSPACE}"
)
VERSION = "api-version=2024-01-01-preview"
Call = Callable[..., urllib3.BaseHTTPResponse]


def test_code_and_components_are_downloaded_by_the_sdk(ml_client: Any, tmp_path: Path) -> None:
    from azure.ai.ml import command
    from azure.ai.ml.entities import Environment

    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("print('hello')\n")
    step = command(name=f"c{uuid.uuid4().hex[:8]}", code=str(tmp_path / "src"), command="python main.py",
                   environment=Environment(name=f"e{uuid.uuid4().hex[:8]}", image="ubuntu:22.04"))  # fmt: skip
    made = ml_client.components.create_or_update(step.component, version="1")
    ml_client.components.download(made.name, tmp_path / "got", version="1")
    assert [path.read_text() for path in (tmp_path / "got").rglob("main.py")] == ["print('hello')\n"]


def spec(**fields: Any) -> dict[str, Any]:
    """A command component as azure-ai-ml sends it."""
    return {
        "type": "command",
        "command": "echo ${{inputs.rate}}",
        "environment": "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33",
        "is_deterministic": True,
        "inputs": {"rate": {"type": "number", "default": 0.5, "optional": True}, "rows": {"type": "uri_folder"}},
        "outputs": {"out": {"type": "uri_folder"}},
        "distribution": {"type": "mpi", "process_count_per_instance": 1},
        "_source": "CLASS",
        **fields,
    }


def put(api: Call, path: str, made: dict[str, Any], **properties: Any) -> Any:
    """The answer to a PUT of a version."""
    body = {"properties": {"description": "d", "tags": {"a": "b"}, "componentSpec": made, **properties}}
    return api("PUT", f"{ARM}{WORKSPACE}/components/{path}?{VERSION}", body)


def test_anonymous_components_get_an_id_of_the_service_by_their_content(api: Call) -> None:
    """As recorded: two names in two specifications under one path are two components; said again, the same one."""
    path, version = f"azureml_anonymous/versions/{uuid.uuid4()}", uuid.uuid4().hex
    said = [put(api, path, spec(name=f"n{name}{version}"), isAnonymous=True) for name in (1, 2, 1)]
    first, second, again = (answer.json() for answer in said)
    assert [answer.status for answer in said] == [201, 201, 201]
    assert first["id"] == again["id"] != second["id"]
    assert first["name"] == first["id"].rsplit("/", 1)[-1] not in path
    found = api("GET", f"{ARM}{first['id']}?{VERSION}").json()
    assert (found["properties"]["isAnonymous"], found["properties"]["componentSpec"]["name"]) == (True, f"n1{version}")
    listed = api("GET", f"{ARM}{WORKSPACE}/components?{VERSION}").json()["value"]
    assert "azureml_anonymous" not in [item["name"] for item in listed]


def test_a_specification_comes_back_in_its_normal_form(api: Call) -> None:
    name = f"c{uuid.uuid4().hex[:8]}"
    answer = put(api, f"{name}/versions/7", spec())
    properties = answer.json()["properties"]
    assert answer.status == 201
    assert {key: properties[key] for key in ("description", "stage", "autoDeleteSetting", "provisioningState")} == {
        "description": None,
        "stage": "Development",
        "autoDeleteSetting": None,
        "provisioningState": "Succeeded",
    }
    assert properties["componentSpec"] == {
        "name": name,
        "version": "7",
        "is_deterministic": "True",
        "type": "command",
        "inputs": {
            "rows": {"type": "uri_folder", "optional": "False"},
            "rate": {"type": "number", "optional": "True", "default": "0.5"},
        },
        "outputs": {"out": {"type": "uri_folder"}},
        "environment": "azureml://registries/azureml/environments/AzureML-sklearn-1.0-ubuntu20.04-py38-cpu/versions/33",
        "resources": {"instance_count": "1"},
        "distribution": {"type": "Mpi", "process_count_per_instance": "1"},
        "command": "echo ${{inputs.rate}}",
    }
    assert list(properties["componentSpec"]["inputs"]) == ["rows", "rate"], "data before literals"
    back = put(api, f"{name}/versions/7", properties["componentSpec"])
    assert (back.status, back.json()["properties"]["componentSpec"]) == (200, properties["componentSpec"])


@pytest.mark.parametrize(
    ("stated", "kept"),
    [("azureml:a-cluster", "a-cluster"), ("azureml://registries/r/models/m", None), ("plain:words", None)],
)
def test_a_default_that_names_an_asset_loses_its_prefix(api: Call, stated: str, kept: str | None) -> None:
    inputs = {"where": {"type": "string", "default": stated}}
    answer = put(api, f"c{uuid.uuid4().hex[:8]}/versions/1", spec(inputs=inputs)).json()["properties"]
    assert answer["componentSpec"]["inputs"]["where"]["default"] == (kept or stated)


def test_the_next_version_of_a_component_is_a_time(api: Call) -> None:
    name = f"c{uuid.uuid4().hex[:8]}"
    put(api, f"{name}/versions/1", spec())
    stated = api("GET", f"{ARM}{WORKSPACE}/components/{name}?{VERSION}").json()["properties"]
    assert re.fullmatch(r"\d{4}(-\d\d){5}-\d{7}", stated["nextVersion"])


@pytest.mark.parametrize("kind", ["command", "spark"])
def test_a_specification_does_not_say_how_data_gets_to_a_step(api: Call, kind: str) -> None:
    port = {"type": "uri_file", "mode": "direct"}
    stated = {**spec(), "type": kind, "inputs": {"words": port}, "outputs": {"counts": port}}
    kept = put(api, f"c{uuid.uuid4().hex[:8]}/versions/1", stated).json()["properties"]["componentSpec"]
    assert kept["inputs"] == {"words": {"type": "uri_file", "optional": "False"}}
    assert kept["outputs"] == {"counts": {"type": "uri_file"}}


def test_a_version_takes_another_description_but_no_other_work(api: Call) -> None:
    name = f"c{uuid.uuid4().hex[:8]}"
    put(api, f"{name}/versions/1", spec())
    assert put(api, f"{name}/versions/1", spec(display_name="New", description="words")).status == 200
    refused = put(api, f"{name}/versions/1", spec(command="echo other"))
    text = f'Failed to update component {name} since field "command" is immutable, try specifying a new version.'
    assert (refused.status, refused.json()["error"]["message"]) == (400, text)


def test_no_version_named_means_the_newest_under_a_label(api: Call) -> None:
    name = f"c{uuid.uuid4().hex[:8]}"
    put(api, f"{name}/versions/1", spec())
    put(api, f"{name}/versions/2", spec())
    found = api("GET", f"{ARM}{WORKSPACE}/components/{name}/versions/azureml_default?{VERSION}").json()
    assert (found["name"], found["id"]) == ("2", f"{WORKSPACE}/components/{name}/labels/default")
    missing = api("GET", f"{ARM}{WORKSPACE}/components/no-{name}?{VERSION}")
    assert (missing.status, missing.json()["error"]["message"]) == (404, f"Not found component no-{name}.")


def test_the_steps_of_a_pipeline_component_are_kept_and_not_shown(api: Call) -> None:
    step = put(api, f"azureml_anonymous/versions/{uuid.uuid4()}", spec(), isAnonymous=True).json()["id"]
    whole = {"type": "pipeline", "jobs": {"one": {"type": "command", "componentId": step, "inputs": {}}}}
    shown = put(api, f"p{uuid.uuid4().hex[:8]}/versions/1", whole).json()["properties"]["componentSpec"]
    assert ("jobs" in shown, shown["is_deterministic"], shown["type"]) == (False, "False", "pipeline")


def test_a_pipeline_job_becomes_a_component_with_its_inputs_outputs_and_steps(api: Call) -> None:
    step = put(api, f"azureml_anonymous/versions/{uuid.uuid4()}", spec(distribution={}), isAnonymous=True).json()["id"]
    job = f"{WORKSPACE}/jobs/j{uuid.uuid4().hex[:8]}"
    parents = {name: f"${{{{parent.inputs.{name}}}}}" for name in ("rate", "rows")}
    bound = {name: {"job_input_type": "literal", "value": value} for name, value in parents.items()}
    stated = {
        "jobType": "Pipeline",
        "jobs": {"one": {"type": "command", "componentId": step, "inputs": bound}},
        "inputs": {
            "rate": {"jobInputType": "literal", "value": "0.1"},
            "rows": {"jobInputType": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/rows/"},
        },
        "outputs": {"best": {"jobOutputType": "uri_folder", "mode": "Upload"}},
        "settings": {"default_compute": "serverless"},
    }
    made = api("PUT", f"{ARM}{job}?{VERSION}", {"properties": stated})
    assert made.status == 201, made.json()
    shown = put(api, f"p{uuid.uuid4().hex[:8]}/versions/1", {"type": "pipeline", "jobs": {}, "sourceJobId": job}).json()
    found = shown["properties"]["componentSpec"]
    assert found["inputs"] == {
        "rows": {"type": "path", "optional": "False"},
        "rate": {"type": "number", "optional": "False", "default": "0.1"},
    }
    assert (found["outputs"], "sourceJobId" in found) == ({"best": {"type": "uri_folder"}}, False)
    kept = {key: stated[key] for key in ("jobType", "inputs", "settings")}
    run = {**kept, "componentId": shown["id"]}
    assert api("PUT", f"{ARM}{job}-again?{VERSION}", {"properties": run}).status == 201
    nobody = {"type": "pipeline", "jobs": {}, "sourceJobId": f"{WORKSPACE}/jobs/nobody"}
    assert put(api, f"p{uuid.uuid4().hex[:8]}/versions/1", nobody).status == 404


def test_a_conda_file_comes_back_as_json_and_is_the_same_however_it_is_written(api: Call) -> None:
    url = f"{ARM}{WORKSPACE}/environments/e{uuid.uuid4().hex[:8]}/versions/1?{VERSION}"
    stated = {"image": "ubuntu:22.04", "osType": "linux", "condaFile": "name: one\ndependencies: [pip]\n"}
    made = api("PUT", url, {"properties": stated}).json()["properties"]
    assert (json.loads(made["condaFile"]), made["osType"]) == ({"name": "one", "dependencies": ["pip"]}, "Linux")
    other = {**stated, "condaFile": "name: one\ndependencies:\n- pip\n"}
    assert api("PUT", url, {"properties": other}).status == 201, "as recorded, though it was there"
    changed = {**stated, "condaFile": "name: two\ndependencies: [pip]\n"}
    assert (api("PUT", url, {"properties": changed}).status, api("PUT", url, {"properties": {
        **stated, "condaFile": "- no\n- mapping\n"}}).status) == (409, 400)  # fmt: skip


@pytest.mark.parametrize("anonymous", [False, True])
@pytest.mark.parametrize("field", ["inputs", "outputs", "jobs", "tags", "environment_variables", "resources"])
@pytest.mark.parametrize("kind", ["command", "pipeline", "promptflow_parallel", "ScopeComponent"])
def test_a_specification_of_another_form_is_refused(api: Call, kind: str, field: str, anonymous: bool) -> None:
    for wrong in ("text", ["a"], [], 1):
        stated = {**spec(), "type": kind, field: wrong}
        answer = put(api, f"c{uuid.uuid4().hex[:8]}/versions/1", stated, isAnonymous=anonymous)
        assert (answer.status, field in answer.data.decode()) == (400, True), answer.json()
    unnamed = put(api, f"c{uuid.uuid4().hex[:8]}/versions/1", spec(name=None, version=None, inputs={"a": None}))
    assert unnamed.json()["properties"]["componentSpec"]["version"] == "1"


def test_a_flow_that_cannot_be_read_becomes_no_component(api: Call) -> None:
    store = api("GET", f"{ARM}{WORKSPACE}/datastores/workspaceblobstore?{VERSION}").json()["properties"]
    for place in ("nobody", ""):
        uri = f"https://{store['accountName']}.blob.core.windows.net/{store['containerName']}/{place}/flow.dag.yaml"
        flow = {"type": "promptflow_parallel", "code": "a", "flow_definition_uri": uri if place else ""}
        answer = put(api, f"f{uuid.uuid4().hex[:8]}/versions/1", flow)
        assert (answer.status, "definition of the flow" in answer.json()["error"]["message"]) == (400, True)
