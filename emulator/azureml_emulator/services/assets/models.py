"""Registered models of a workspace.

It must not deploy or run a model; it reads only the MLmodel file of one that is said to be of MLflow.
Source: Microsoft.MachineLearningServices workspaces/models (ARM); the details of refusals from real answers
(azure-sdk-for-python#33978, azure-docs#103778).
"""

import re
from typing import ClassVar

import yaml

from azureml_emulator.core.errors import ServiceError, bad_request, error_object
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.assets.assets import Assets, Draft
from azureml_emulator.services.storage import blobs, storage
from azureml_emulator.services.workspaces import scope

MODEL_TYPES = ("custom_model", "mlflow_model", "triton_model")
_JOB = re.compile(r"(?:azureml://jobs/|runs:/)(?P<job>[^/]+)(?:/outputs/(?P<output>[^/]+))?(?:/paths)?/?(?P<path>.*)")


class Models(Assets):
    """Models: a place in storage, what kind of model it is, and where it came from."""

    plural, word, uri = "models", "model", "modelUri"
    fixed = ("modelUri", "modelType")
    empty: ClassVar[Json] = {
        "autoDeleteSetting": None,
        "flavors": {},
        "intellectualProperty": None,
        "jobName": None,
        "provisioningState": "Succeeded",
        "stage": "Development",
    }

    def list_versions(self, request: Request, emulator: Emulator) -> Reply:
        """GET versions; of a name that a workspace never had, a 404. A registry has none of it."""
        if self.scope(request, emulator).kind == scope.KIND:
            self._container(request, emulator)
        return super().list_versions(request, emulator)

    def missing(self, name: str, version: str = "") -> ServiceError:
        """The 404 for a model that is not there."""
        if version:
            return super().missing(name, version)
        detail = error_object("ModelNotFound", f"Model container with name: {name} not found.")
        return ServiceError(404, "UserError", "The specified resource was not found.", details=[detail])

    def prepare(self, draft: Draft) -> Json:
        """Check that the model is there; find the job that it came from and the flavors that its MLmodel states."""
        uri, kind = draft.properties.get("modelUri"), draft.properties.get("modelType") or "custom_model"
        if not uri:
            raise bad_request("The field modelUri is required.", code="UserError", target="modelUri")
        if kind not in MODEL_TYPES:
            raise bad_request(
                f"The model type {kind!r} is not valid; one of {', '.join(MODEL_TYPES)}.",
                code="UserError",
                target="modelType",
            )
        if draft.before and draft.before["modelUri"] == uri:
            return {**draft.properties, "modelType": kind}
        job = _JOB.fullmatch(uri)
        address = storage.resolve(draft.emulator, uri, workspace=draft.workspace.id, kind="models")
        if not storage.exists(draft.emulator, address):
            raise _nothing_there(job, address)
        found: Json = {
            "modelUri": storage.long_uri(draft.emulator, uri, workspace=draft.workspace.id, kind="models"),
            "modelType": kind,
        }
        if job or draft.properties.get("jobName"):
            found["jobName"] = job["job"] if job else draft.properties["jobName"]
        flavors = _flavors(draft.emulator, address) if kind == "mlflow_model" else {}
        return {**draft.properties, **found, "flavors": flavors or draft.properties.get("flavors") or {}}


def _nothing_there(job: re.Match[str] | None, address: blobs.BlobAddress) -> ServiceError:
    if job:
        code, text = (
            "NoMatchingArtifactsFoundFromJob",
            f"No artifacts matching {job['path'] or job['output']} found from Job.",
        )
    else:
        code, text = "ModelAssetPathNotFoundInStorage", f"No blobs found in storage at model asset path: {address.name}"
    return ServiceError(400, "UserError", "The request is invalid.", details=[error_object(code, text)])


def _flavors(emulator: Emulator, folder: blobs.BlobAddress) -> Json:
    """`{flavor: {data: {key: text}}}` of the MLmodel at the root of a folder; empty when there is none to read."""
    blob = blobs.get(emulator, folder._replace(name=f"{folder.name.rstrip('/')}/MLmodel".lstrip("/")))
    if blob is None:
        return {}
    try:
        text = yaml.safe_load(blobs.path_of(emulator, blob).read_text(encoding="utf-8"))
        flavors = text["flavors"]
        return {
            name: {"data": {key: _text(value) for key, value in flavor.items()}} for name, flavor in flavors.items()
        }
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        detail = error_object("InvalidMLmodelFile", f"The MLmodel file cannot be read: {error}")
        raise ServiceError(400, "UserError", "The request is invalid.", details=[detail]) from error


def _text(value: object) -> str:
    return (
        value
        if isinstance(value, str)
        else yaml.safe_dump(value, default_flow_style=True).removesuffix("\n...\n").strip()
    )


MODELS = Models()
