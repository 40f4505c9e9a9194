"""Batch endpoints and their deployments: kept as said; a call becomes a pipeline job.

It must not know what such a job does (`batch_jobs`). Source:
Microsoft.MachineLearningServices workspaces/batchEndpoints (ARM), and the job calls of the SDK's
`batch_endpoints.invoke` and `list_jobs` (2020-09-01-dataplanepreview).
"""

import json
import uuid
from dataclasses import replace
from typing import ClassVar

from azureml_emulator.core import arm, body_types, clouds
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.core.typed import ProvisioningState
from azureml_emulator.services.batch_endpoints import batch_answers, batch_jobs
from azureml_emulator.services.batch_endpoints.batch_resource import (
    COMPONENT_ID,
    BatchDeployment,
    BatchEndpoint,
    completed,
    configuration,
)
from azureml_emulator.services.jobs import jobs
from azureml_emulator.services.online_endpoints.endpoint_resource import ENDPOINT_ID, check_name
from azureml_emulator.services.runs import runs
from azureml_emulator.services.workspaces import scope
from azureml_emulator.services.workspaces.records import Records

CREATED_AT = "BatchEndpointCreationApiVersion"
NOBODY = "00000000-0000-0000-0000-000000000000"
JOBS = "batchJobs"
LAST_WITH_DEFAULTS = "2022-02-01-preview"  # the API version
_PORTS = {"": {"jobInputType": "text", "jobOutputType": "text", "mode": "text", "uri": "text"}}
_INVOKED: Json = {
    "properties": {
        "dataset": {},
        "inputData": _PORTS,
        "name": "text",
        "outputData": _PORTS,
        "properties": {"": "text"},
        "tags": {"": "text"},
    }
}
MODEL_DEPLOYMENT = "azureml-model-deployment"


class BatchEndpoints(Records):
    """Batch endpoints. Their names are unique in a region, as those of online endpoints."""

    plural = "batchEndpoints"
    patched = ("tags", "identity")
    empty: ClassVar[Json] = {"description": None, "properties": {}}

    def put(self, request: Request, emulator: Emulator) -> Reply:
        """PUT one; the service writes into its properties when it begins to make it."""
        reply = super().put(request, emulator)
        if reply.status != 201:
            return reply
        made = self.require(request, emulator)
        stated = made.body["properties"]
        version = request.query.get("api-version", "")
        own = {CREATED_AT: version, ENDPOINT_ID: made.id}
        properties = {**stated, "properties": {**(stated.get("properties") or {}), **own}}
        emulator.store.update(made.id, {**made.body, "properties": properties})
        return replace(reply, body=self.show(self.require(request, emulator)))

    def require(self, request: Request, emulator: Emulator) -> Resource:
        """The one that a route names. Raises the front end's 404."""
        workspace = scope.require(request, emulator)
        found = emulator.store.get(self.id_of(workspace, request.params["name"]))
        if found is None:
            text = f"An endpoint with the name '{request.params['name']}' does not exist in '{workspace.name}'."
            raise ServiceError(404, "UserError", text, inner=("NotFound", "EndpointNotFound"))
        return found

    def show(self, resource: Resource) -> Json:
        """As it is answered; where it is called is known once it is made."""
        shown = super().show(resource)
        made = shown["properties"]["provisioningState"] != ProvisioningState.CREATING
        uris = {} if made else {"scoringUri": None}
        nobody = {"type": "None", "principalId": NOBODY, "tenantId": NOBODY}
        return {
            **shown,
            "properties": {**shown["properties"], **uris},
            "identity": shown.get("identity") or nobody,
            "systemData": arm.of_endpoint(shown["systemData"]),
        }

    def patched_at(self, api_version: str) -> tuple[str, ...]:
        """Until 2022 also which deployment is the default."""
        return (*self.patched, "properties.defaults") if api_version <= LAST_WITH_DEFAULTS else self.patched

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """Tokens of Entra are the only way in; the default deployment must be there."""
        name = request.params["name"]
        check_name(name, "endpoint")
        where = scope.location(scope.require(request, emulator))
        others = [one for kind in ("batchEndpoints", "onlineEndpoints") for one in emulator.store.named(kind, name)]
        if before is None and any(other.body.get("location", where) == where for other in others):
            text = (
                f"There already exists an endpoint with this name: {name}. Endpoint names must be unique in a region."
            )
            raise bad_request(text, code="BadArgument", target="name")
        if str(stated.get("authMode") or "AADToken").lower() != "aadtoken":
            raise bad_request("The auth mode of a batch endpoint is AADToken.", code="BadArgument", target="authMode")
        default = (stated.get("defaults") or {}).get("deploymentName")
        if default and not (before and emulator.store.get(f"{before.id}/deployments/{default}")):
            raise bad_request(f"Deployment {default} does not exist.", code="BadArgument", target="defaults")
        uri = clouds.here(f"https://{name.lower()}.{where}.inference.ml.azure.com")
        defaults = stated.get("defaults") or {"deploymentName": None}  # the SDK sets a field of what it is given
        return {
            **stated,
            "authMode": "AADToken",
            "defaults": defaults,
            "scoringUri": f"{uri}/jobs",
            "swaggerUri": None,
        }

    def list_keys(self, request: Request, emulator: Emulator) -> Reply:
        """POST listkeys: there are none with AADToken."""
        self.require(request, emulator)
        raise bad_request("A batch endpoint has no keys; it takes tokens of Entra.", code="BadArgument")


class BatchDeployments(Records):
    """Deployments of a batch endpoint, of a model or of a pipeline component."""

    plural, named = "deployments", "batchDeployments"
    patched = ("tags", "properties.description")

    def put(self, request: Request, emulator: Emulator) -> Reply:
        """PUT one; of a component the service says in the tags which."""
        body = request.json()
        if id := ((body.get("properties") or {}).get("properties") or {}).get(COMPONENT_ID):
            said = {**body, "tags": {**(body.get("tags") or {}), COMPONENT_ID: id}}
            request = replace(request, body=json.dumps(said).encode())
        return super().put(request, emulator)

    def show(self, resource: Resource) -> Json:
        """As it is answered."""
        shown = super().show(resource)
        return {**shown, "tags": shown.get("tags") or {}, "systemData": arm.of_endpoint(shown["systemData"])}

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """It needs a model or a pipeline component."""
        check_name(request.params["child"], "deployment")
        if not stated.get("model") and not configuration(stated):
            raise bad_request("A batch deployment needs a model or a component.", code="BadArgument", target="model")
        return completed(stated)

    def check_deletion(self, emulator: Emulator, found: Resource) -> None:
        """The default deployment stays as long as it is the default."""
        endpoint = emulator.store.get(found.parent)
        if endpoint and BatchEndpoint.read(endpoint).default == found.name:
            raise bad_request(f"Deployment {found.name} is the default deployment of its endpoint.", code="BadArgument")


BATCH_ENDPOINTS, BATCH_DEPLOYMENTS = BatchEndpoints(), BatchDeployments()
BATCH_DEPLOYMENTS.above = BATCH_ENDPOINTS


def invoke(request: Request, emulator: Emulator) -> Reply:
    """POST jobs at an endpoint's host: 201 with a batch job, which is a pipeline job of the same name."""
    endpoint = next(emulator.store.named(BATCH_ENDPOINTS.plural, request.params["endpoint"]), None)
    if endpoint is None:
        raise ServiceError(404, "ResourceNotFound", f"There is no batch endpoint {request.params['endpoint']}.")
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        raise ServiceError(401, "AuthenticationFailed", "A token is needed.")
    wanted = request.headers.get(MODEL_DEPLOYMENT) or BatchEndpoint.read(endpoint).default
    deployment = emulator.store.get(f"{endpoint.id}/deployments/{wanted}") if wanted else None
    if deployment is None:
        raise bad_request(f"Deployment {wanted or '(default)'} of {endpoint.name} does not exist.", code="BadArgument")
    workspace = emulator.store.get(endpoint.parent)
    assert workspace is not None, "endpoints go with their workspace"
    stated = body_types.stated(request.json(), _INVOKED).get("properties") or {}
    name = str(stated.get("name") or f"batchjob-{uuid.uuid4()}")
    submitted = batch_jobs.properties(emulator, endpoint, deployment, stated)
    jobs.submit(emulator, workspace, name, submitted)
    known = BatchDeployment.read(deployment)
    answered = batch_answers.job(workspace, known.name, known.stated, stated, name, submitted)
    body = {"name": name, "properties": answered, "systemData": arm.system_data(emulator.clock)}
    id = f"{deployment.id}/jobs/{name}"
    made = emulator.store.put(id, body, parent=endpoint.id, kind=JOBS, name=name)
    return Reply(201, _show(emulator, made))


def list_jobs(request: Request, emulator: Emulator) -> Reply:
    """GET the jobs of an endpoint, or of one deployment."""
    endpoint = BATCH_ENDPOINTS.require(request, emulator)
    found = emulator.store.children(endpoint.id, JOBS, newest_first=True)
    if deployment := request.params.get("child"):
        found = (one for one in found if f"/deployments/{deployment}/jobs/" in one.id)
    return arm.page(request, found, lambda job: _show(emulator, job))


def _show(emulator: Emulator, job: Resource) -> Json:
    shown = arm.envelope(job, "workspaces/batchEndpoints/deployments/jobs")
    run = runs.find(emulator, job.id.split("/batchEndpoints/")[0], job.name)
    status = run.body["status"] if run else "Failed"
    system = {key: value for key, value in shown["systemData"].items() if not key.endswith("Type")}
    return {**shown, "properties": {**shown["properties"], "status": status}, "systemData": system}
