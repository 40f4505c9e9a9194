"""What a call of a batch endpoint becomes: a pipeline job that scores with a model, or runs a pipeline component.

It must not run it (`azureml_emulator.services.jobs.execution`) or know the endpoint's own calls (`batch`).
Source: the jobs that the public samples of batch endpoints read: a child that scores, its output `score`.
"""

import re
from typing import Any

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.asset_resource import CUSTOM, Version
from azureml_emulator.services.assets.components import ANONYMOUS, COMPONENTS
from azureml_emulator.services.batch_endpoints.batch_resource import BatchDeployment, configuration
from azureml_emulator.services.jobs.execution import command_step
from azureml_emulator.services.online_endpoints.serving import registered

STEP, SCORE, MODEL = "batchscoring", "score", "model"
DEFAULT_FILE = "predictions.csv"


def properties(emulator: Emulator, endpoint: Resource, deployment: Resource, called: Json) -> Json:
    """The pipeline job for a call. Raises 400 for what the deployment or the call lacks."""
    inputs = {name: _input(said or {}) for name, said in (called.get("inputData") or {}).items()}
    if "dataset" in called and not inputs:
        raise bad_request("The emulator takes inputData and no dataset of the first SDK.", code="BadArgument")
    stated = BatchDeployment.read(deployment).stated
    made = _component if configuration(stated) else _model
    experiment = (called.get("properties") or {}).get("experimentName") or endpoint.name
    tags = {"azureml.batchendpoint": endpoint.name, "azureml.batchdeployment": deployment.name}
    shared = {"jobType": "Pipeline", "experimentName": experiment, "tags": tags, "properties": {}, "inputs": inputs}
    return {**shared, **made(emulator, endpoint, stated, called, inputs)}


def _component(emulator: Emulator, endpoint: Resource, stated: Json, called: Json, inputs: dict[str, Json]) -> Json:
    stands = configuration(stated) or {}
    id = str((stands.get("componentId") or {}).get("assetId") or "")
    spec = command_step.spec_of(emulator, {"componentId": id})
    if spec is None:
        raise bad_request(f"The component {id} was not found.", code="BadArgument")
    given = {name: _output(said or {}) for name, said in (called.get("outputData") or {}).items()}
    outputs = {
        name: given.get(name) or {"jobOutputType": str((said or {}).get("type") or "uri_folder")}
        for name, said in (spec.get("outputs") or {}).items()
    }
    node = {"type": str(spec.get("type") or "pipeline"), "componentId": id, **_bound(inputs, outputs)}
    settings = {key: value for key, value in (stands.get("settings") or {}).items() if value is not None}
    name = re.sub(r"\W", "_", str(spec.get("name") or STEP))
    return {"jobs": {name: node}, "outputs": outputs, "settings": settings}


def _model(emulator: Emulator, endpoint: Resource, stated: Json, called: Json, inputs: dict[str, Json]) -> Json:
    data = [name for name, said in inputs.items() if said["jobInputType"] != "literal"]
    if not data:
        raise bad_request("The call has no input data.", code="BadArgument", target="inputData")
    reference = str((stated.get("model") or {}).get("assetId") or "")
    found = registered(emulator, reference)
    model = Version.read(found) if found else None
    file = str(called.get("outputFileName") or stated.get("outputFileName") or DEFAULT_FILE)
    score = _score(called)
    place = f"${{{{outputs.{SCORE}}}}}"
    summary = str(stated.get("outputAction") or "").lower() == "summaryonly"
    code = stated.get("codeConfiguration") or {}
    task = {
        "code": code.get("codeId"),
        "entry_script": code.get("scoringScript"),
        "environment": stated.get("environmentId"),
        "append_row_to": None if summary else place if score["jobOutputType"] == "uri_file" else f"{place}/{file}",
    }
    kind = (model.model_type if model else None) or CUSTOM
    spec = {
        "type": "parallel",
        "inputs": {MODEL: {"type": kind}, **{name: {"type": inputs[name]["jobInputType"]} for name in data}},
        "outputs": {SCORE: {"type": score["jobOutputType"]}},
        "input_data": " ".join(f"${{{{inputs.{name}}}}}" for name in data),
        "mini_batch_size": called.get("miniBatchSize") or stated.get("miniBatchSize") or 10,
        "mini_batch_error_threshold": stated.get("errorThreshold", -1),
        "model": {"input": MODEL, "name": (model.model_uri if model else "").rstrip("/").rsplit("/", 1)[-1] or "model"},
        "task": task,
        "environment_variables": stated.get("environmentVariables") or {},
    }
    bound = _bound({name: inputs[name] for name in data}, {SCORE: score})
    bound["inputs"][MODEL] = {"uri": reference, "job_input_type": kind}
    component = _anonymous(emulator, endpoint.parent, spec)
    node = {"type": "parallel", "componentId": component, "computeId": stated.get("compute"), **bound}
    return {"jobs": {STEP: node}, "outputs": {SCORE: score}, "settings": {}}


def _anonymous(emulator: Emulator, workspace_id: str, spec: Json) -> str:
    """The id of a component without a name, which is what a step of a job names; the same one for the same work."""
    workspace = emulator.store.get(workspace_id)
    assert workspace is not None, "endpoints go with their workspace"
    named = {"name": ANONYMOUS, "version": "1", **spec}
    return COMPONENTS.create_anonymous(emulator, workspace, {"componentSpec": named}).id


def _bound(inputs: dict[str, Json], outputs: dict[str, Json]) -> dict[str, Any]:
    """Inputs and outputs of a step that are the pipeline's own."""
    literal = {"job_input_type": "literal"}
    return {
        "inputs": {name: {"value": f"${{{{parent.inputs.{name}}}}}", **literal} for name in inputs},
        "outputs": {name: {"value": f"${{{{parent.outputs.{name}}}}}", "type": "literal"} for name in outputs},
    }


def _score(called: Json) -> Json:
    """Where the predictions go: a folder of the job's, unless the call names another place."""
    if said := (called.get("outputData") or {}).get(SCORE):
        return _output(said)
    if dataset := called.get("outputDataset"):
        datastore = str(dataset.get("datastoreId") or "").rsplit("/", 1)[-1]
        path = str(dataset.get("path") or "").strip("/")
        return {"jobOutputType": "uri_folder", "uri": f"azureml://datastores/{datastore}/paths/{path}/"}
    return {"jobOutputType": "uri_folder"}


def _input(said: Json) -> Json:
    kind = _kind(str(said.get("jobInputType") or "UriFolder"))
    return {"jobInputType": kind, "value" if kind == "literal" else "uri": said.get("value", said.get("uri"))}


def _output(said: Json) -> Json:
    uri = {"uri": said["uri"]} if said.get("uri") else {}
    return {"jobOutputType": _kind(str(said.get("jobOutputType") or "UriFolder")), **uri}


def _kind(word: str) -> str:
    """`UriFolder` and `uri_folder` are the same type; MLTable and models have names of their own."""
    known = {"mltable": "mltable", "mlflowmodel": "mlflow_model", "custommodel": "custom_model",
             "tritonmodel": "triton_model", "urifile": "uri_file", "urifolder": "uri_folder"}  # fmt: skip
    return known.get(word.replace("_", "").lower(), "literal")
