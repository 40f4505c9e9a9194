"""Every operation that azure-mgmt-machinelearningservices knows, called once in a sensible order.

The client is generated from the REST specification and was not used to build the emulator: it refuses a status that
the specification does not list, and its models say what shape an answer has.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError

from emulator_support.rest_shape import differences

PLACE_HOLDER = "walked"
SIZE = "Standard_DS3_v2"
KINDS = ("code", "data", "environment", "model", "component")


@dataclass
class Answer:
    """What one operation was answered: its status, what differs in shape, and why it failed where it did."""

    operation: str
    status: int = 0
    shape: list[str] = field(default_factory=list)
    failed: str = ""
    has_body: bool = False


class _Reader:
    """The client's own reader of answers, which notes the shape of each on the way."""

    def __init__(self, reader: Any, models: Any, answer: Answer) -> None:
        self._reader, self._models, self._answer = reader, models, answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def __call__(self, kind: str, response: Any, *more: Any) -> Any:
        if hasattr(response, "http_response"):  # else a header
            self._answer.has_body = True
            found = differences(self._models, kind, json.loads(response.http_response.text()))
            self._answer.shape += [one for one in found if one not in self._answer.shape]
        return self._reader(kind, response, *more)


@dataclass
class Walk:
    """A client of a workspace, and what it was answered so far."""

    client: Any
    models: Any
    answers: dict[str, Answer] = field(default_factory=dict)

    def groups(self) -> dict[str, Any]:
        """The groups of operations by name."""
        return {name: group for name, group in vars(self.client).items() if not name.startswith("_")}

    def operations(self) -> list[str]:
        """Every operation of the client, as `group.name`."""
        return sorted(
            f"{name}.{operation}"
            for name, group in self.groups().items()
            for operation in dir(group)
            if not operation.startswith("_") and operation != "models" and callable(getattr(group, operation))
        )

    def call(self, operation: str, *arguments: Any, **options: Any) -> Any:
        """Call one and keep how it was answered; the result, or None where it failed."""
        name, _, verb = operation.partition(".")
        group, answer = getattr(self.client, name), Answer(operation)
        self.answers.setdefault(operation, answer)
        reader = group._deserialize

        def seen(response: Any) -> None:
            answer.status = answer.status or response.http_response.status_code

        group._deserialize = _Reader(reader, self.models, answer)
        try:
            result = getattr(group, verb)(*arguments, raw_response_hook=seen, **options)
            if hasattr(result, "result"):
                return result.result()
            return list(result) if hasattr(result, "by_page") else result
        except HttpResponseError as error:
            answer.status, answer.failed = error.status_code or 0, str(error.message).splitlines()[0]
        except (AzureError, TypeError, ValueError, KeyError, AttributeError) as error:
            answer.failed = f"{type(error).__name__}: {error}".splitlines()[0]
        finally:
            group._deserialize = reader
        return None


def walk(client: Any, models: Any, subscription: str, group: str, workspace: str) -> dict[str, Answer]:
    """Call all operations; operation -> answer. What is not called is in it with the status 0."""
    self = Walk(client, models)
    for step in (_assets, _compute, _jobs, _online, _batch, _registry, _workspaces):
        step(self, subscription, group, workspace)
    return {name: self.answers.get(name, Answer(name, failed="not called")) for name in self.operations()}


def _id(subscription: str, group: str, workspace: str) -> str:
    provider = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
    return f"{provider}/workspaces/{workspace}"


def _assets(self: Walk, subscription: str, group: str, workspace: str) -> None:
    m, at = self.models, (group, workspace)
    uri = "azureml://datastores/workspaceblobstore/paths/walked/"
    store = m.AzureBlobDatastore(
        account_name="stemulator", container_name="walked", credentials=m.NoneDatastoreCredentials()
    )
    self.call("datastores.create_or_update", *at, PLACE_HOLDER, m.Datastore(properties=store))
    self.call("datastores.get", *at, "workspaceblobstore")
    self.call("datastores.list", *at)
    self.call("datastores.list_secrets", *at, "workspaceblobstore")
    self.call("datastores.delete", *at, PLACE_HOLDER)
    _upload(self, at)
    versions = {
        "code": m.CodeVersion(properties=m.CodeVersionProperties(code_uri=_account(self, at))),
        "data": m.DataVersionBase(properties=m.UriFolderDataVersion(data_uri=uri)),
        "environment": m.EnvironmentVersion(properties=m.EnvironmentVersionProperties(image="python:3.11")),
        "model": m.ModelVersion(properties=m.ModelVersionProperties(model_uri=uri, model_type="custom_model")),
        "component": m.ComponentVersion(properties=m.ComponentVersionProperties(component_spec=_component())),
    }
    for kind, version in versions.items():
        self.call(f"{kind}_containers.create_or_update", *at, PLACE_HOLDER, _container(m, kind))
        if kind == "code":
            request = m.PendingUploadRequestDto(pending_upload_type="TemporaryBlobReference")
            self.call("code_versions.create_or_get_start_pending_upload", *at, PLACE_HOLDER, "1", request)
        self.call(f"{kind}_versions.create_or_update", *at, PLACE_HOLDER, "1", version)
        self.call(f"{kind}_versions.get", *at, PLACE_HOLDER, "1")
        self.call(f"{kind}_versions.list", *at, PLACE_HOLDER)
        self.call(f"{kind}_containers.get", *at, PLACE_HOLDER)
        self.call(f"{kind}_containers.list", *at)
    for kind in ("code", "data", "model"):
        self.call(f"{kind}_versions.delete", *at, PLACE_HOLDER, "1")
        self.call(f"{kind}_containers.delete", *at, PLACE_HOLDER)


def _account(self: Walk, at: tuple[str, str]) -> str:
    found = self.client.datastores.get(*at, "workspaceblobstore").properties
    return f"https://{found.account_name}.blob.{found.endpoint}/{found.container_name}/walked"


def _upload(self: Walk, at: tuple[str, str]) -> None:
    """A file for a model and code to point at."""
    from azure.storage.blob import BlobClient

    key = self.client.datastores.list_secrets(*at, "workspaceblobstore").key
    BlobClient.from_blob_url(f"{_account(self, at)}/file.txt", credential=key).upload_blob(b"x", overwrite=True)


def _container(models: Any, kind: str) -> Any:
    word = kind.title()
    stated = {"data_type": "uri_folder"} if kind == "data" else {}
    properties = getattr(models, f"{word}ContainerProperties")(**stated)
    return getattr(models, f"{word}Container")(properties=properties)


def _component() -> dict[str, Any]:
    return {
        "name": PLACE_HOLDER,
        "version": "1",
        "type": "command",
        "command": "echo hello",
        "environment": f"azureml:{PLACE_HOLDER}:1",
        "inputs": {},
        "outputs": {},
    }


def _compute(self: Walk, subscription: str, group: str, workspace: str) -> None:
    m, at = self.models, (group, workspace)
    self.call("virtual_machine_sizes.list", "eastus")
    self.call("usages.list", "eastus")
    self.call("quotas.list", "eastus")
    change = m.QuotaBaseProperties(id=f"/subscriptions/{subscription}/x", limit=10, unit="Count", type="x")
    self.call("quotas.update", "eastus", m.QuotaUpdateParameters(value=[change], location="eastus"))
    scale = m.ScaleSettings(min_node_count=0, max_node_count=1)
    cluster = m.AmlCompute(properties=m.AmlComputeProperties(vm_size=SIZE, scale_settings=scale))
    self.call(
        "compute.begin_create_or_update", *at, PLACE_HOLDER, m.ComputeResource(location="eastus", properties=cluster)
    )
    more = m.ScaleSettings(min_node_count=0, max_node_count=2)
    information = m.ScaleSettingsInformation(scale_settings=more)
    self.call("compute.begin_update", *at, PLACE_HOLDER, m.ClusterUpdateParameters(properties=information))
    self.call("compute.get", *at, PLACE_HOLDER)
    self.call("compute.list", *at)
    self.call("compute.list_nodes", *at, PLACE_HOLDER)
    machine = m.ComputeInstance(properties=m.ComputeInstanceProperties(vm_size=SIZE))
    one = m.ComputeResource(location="eastus", properties=machine)
    self.client.compute.begin_create_or_update(*at, f"{PLACE_HOLDER}-ci", one).result()
    for verb in ("stop", "start", "restart"):
        self.call(f"compute.begin_{verb}", *at, f"{PLACE_HOLDER}-ci")
    self.client.compute.begin_delete(*at, f"{PLACE_HOLDER}-ci", "Delete").result()


def _jobs(self: Walk, subscription: str, group: str, workspace: str) -> None:
    m, at = self.models, (group, workspace)
    here = _id(subscription, group, workspace)
    job = m.CommandJob(
        command="sleep 60",
        environment_id=f"{here}/environments/{PLACE_HOLDER}/versions/1",
        compute_id=f"{here}/computes/{PLACE_HOLDER}",
        tags={PLACE_HOLDER: "1"},
    )
    self.call("jobs.create_or_update", *at, PLACE_HOLDER, m.JobBase(properties=job))
    self.call("jobs.get", *at, PLACE_HOLDER)
    self.call("jobs.list", *at, tag=PLACE_HOLDER)  # not those of other tests
    self.call("jobs.begin_cancel", *at, PLACE_HOLDER)
    self.call("jobs.begin_delete", *at, PLACE_HOLDER)
    trigger = m.CronTrigger(expression="0 2 * * *")
    action = m.JobScheduleAction(job_definition=job)
    schedule = m.Schedule(properties=m.ScheduleProperties(action=action, trigger=trigger, is_enabled=False))
    self.call("schedules.begin_create_or_update", *at, PLACE_HOLDER, schedule)
    self.call("schedules.get", *at, PLACE_HOLDER)
    self.call("schedules.list", *at, list_view_type="All")
    self.call("schedules.begin_delete", *at, PLACE_HOLDER)


def _online(self: Walk, subscription: str, group: str, workspace: str) -> None:
    m, at = self.models, (group, workspace)
    name = f"{PLACE_HOLDER}-online"
    wanted = m.OnlineEndpoint(location="eastus", properties=m.OnlineEndpointProperties(auth_mode="Key"))
    self.call("online_endpoints.begin_create_or_update", *at, name, wanted)
    model = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
    properties = m.ManagedOnlineDeployment(model=model, instance_type="Standard_NC24ads_A100_v4")
    sku = m.Sku(name="Default", capacity=1)
    deployment = m.OnlineDeployment(location="eastus", properties=properties, sku=sku)
    self.call("online_deployments.begin_create_or_update", *at, name, "blue", deployment)
    self.call("online_deployments.get", *at, name, "blue")
    self.call("online_deployments.list", *at, name)
    self.call("online_deployments.list_skus", *at, name, "blue")
    self.call(
        "online_deployments.get_logs",
        *at,
        name,
        "blue",
        m.DeploymentLogsRequest(container_type="InferenceServer", tail=10),
    )
    change = m.PartialMinimalTrackedResourceWithSku(tags={"walked": "1"}, sku=m.PartialSku(capacity=1))
    self.call("online_deployments.begin_update", *at, name, "blue", change)
    self.call(
        "online_endpoints.begin_update", *at, name, m.PartialMinimalTrackedResourceWithIdentity(tags={"walked": "1"})
    )
    self.call("online_endpoints.get", *at, name)
    self.call("online_endpoints.list", *at)
    self.call("online_endpoints.list_keys", *at, name)
    self.call("online_endpoints.begin_regenerate_keys", *at, name, m.RegenerateEndpointKeysRequest(key_type="Primary"))
    with_token = m.OnlineEndpoint(location="eastus", properties=m.OnlineEndpointProperties(auth_mode="AMLToken"))
    self.client.online_endpoints.begin_create_or_update(*at, f"{name}-t", with_token).result()
    self.call("online_endpoints.get_token", *at, f"{name}-t")
    self.client.online_endpoints.begin_delete(*at, f"{name}-t").result()
    self.call("online_deployments.begin_delete", *at, name, "blue")
    self.call("online_endpoints.begin_delete", *at, name)


def _batch(self: Walk, subscription: str, group: str, workspace: str) -> None:
    m, at = self.models, (group, workspace)
    name = f"{PLACE_HOLDER}-batch"
    here = _id(subscription, group, workspace)
    uri = "azureml://datastores/workspaceblobstore/paths/walked/"
    version = m.ModelVersion(properties=m.ModelVersionProperties(model_uri=uri, model_type="custom_model"))
    self.client.model_versions.create_or_update(*at, name, "1", version)
    wanted = m.BatchEndpoint(location="eastus", properties=m.BatchEndpointProperties(auth_mode="AADToken"))
    self.call("batch_endpoints.begin_create_or_update", *at, name, wanted)
    properties = m.BatchDeploymentProperties(
        model=m.IdAssetReference(asset_id=f"{here}/models/{name}/versions/1"),
        compute=f"{here}/computes/{PLACE_HOLDER}",
        environment_id=f"{here}/environments/{PLACE_HOLDER}/versions/1",
    )
    deployment = m.BatchDeployment(location="eastus", properties=properties)
    self.call("batch_deployments.begin_create_or_update", *at, name, "one", deployment)
    self.call("batch_deployments.get", *at, name, "one")
    self.call("batch_deployments.list", *at, name)
    change = m.PartialBatchDeploymentPartialMinimalTrackedResourceWithProperties(tags={"walked": "1"})
    self.call("batch_deployments.begin_update", *at, name, "one", change)
    self.call(
        "batch_endpoints.begin_update", *at, name, m.PartialMinimalTrackedResourceWithIdentity(tags={"walked": "1"})
    )
    self.call("batch_endpoints.get", *at, name)
    self.call("batch_endpoints.list", *at)
    self.call("batch_endpoints.list_keys", *at, name)
    self.call("batch_deployments.begin_delete", *at, name, "one")
    self.call("batch_endpoints.begin_delete", *at, name)
    self.call("compute.begin_delete", *at, PLACE_HOLDER, "Delete")
    for kind in ("environment", "component"):
        self.call(f"{kind}_versions.delete", *at, PLACE_HOLDER, "1")
        self.call(f"{kind}_containers.delete", *at, PLACE_HOLDER)


def _registered(self: Walk, at: tuple[str, str], kind: str) -> Any:
    """A version for a registry; its files, where it has any, are uploaded to where the registry says."""
    m = self.models
    if kind == "environment":
        return m.EnvironmentVersion(properties=m.EnvironmentVersionProperties(image="python:3.11"))
    if kind == "component":
        environment = f"azureml://registries/{at[1]}/environments/{PLACE_HOLDER}/versions/1"
        spec = {**_component(), "environment": environment}
        return m.ComponentVersion(properties=m.ComponentVersionProperties(component_spec=spec))
    request = m.PendingUploadRequestDto(pending_upload_type="TemporaryBlobReference")
    upload = f"registry_{kind}_versions.create_or_get_start_pending_upload"
    uri = _filled(self.call(upload, *at, PLACE_HOLDER, "1", request).blob_reference_for_consumption)
    if kind == "code":
        return m.CodeVersion(properties=m.CodeVersionProperties(code_uri=uri))
    if kind == "data":
        return m.DataVersionBase(properties=m.UriFolderDataVersion(data_uri=uri))
    return m.ModelVersion(properties=m.ModelVersionProperties(model_uri=uri, model_type="custom_model"))


def _filled(place: Any) -> str:
    """The place of a pending upload, with a file in it."""
    from azure.storage.blob import ContainerClient

    ContainerClient.from_container_url(place.credential.sas_uri).upload_blob("file.txt", b"x", overwrite=True)
    return str(place.blob_uri)


def _registry(self: Walk, subscription: str, group: str, workspace: str) -> None:
    m, name = self.models, f"{PLACE_HOLDER}-registry"
    region = m.RegistryRegionArmDetails(location="eastus", acr_details=[], storage_account_details=[])
    wanted = m.Registry(
        location="eastus", region_details=[region], identity=m.ManagedServiceIdentity(type="SystemAssigned")
    )
    self.call("registries.begin_create_or_update", group, name, wanted)
    self.call("registries.get", group, name)
    self.call("registries.list", group)
    self.call("registries.list_by_subscription")
    self.call("registries.update", group, name, m.PartialRegistryPartialTrackedResource(tags={"walked": "1"}))
    at = (group, name)
    for kind in KINDS:
        self.call(f"registry_{kind}_containers.begin_create_or_update", *at, PLACE_HOLDER, _container(m, kind))
        body = _registered(self, at, kind)
        self.call(f"registry_{kind}_versions.begin_create_or_update", *at, PLACE_HOLDER, "1", body)
        self.call(f"registry_{kind}_versions.get", *at, PLACE_HOLDER, "1")
        self.call(f"registry_{kind}_versions.list", *at, PLACE_HOLDER)
        self.call(f"registry_{kind}_containers.get", *at, PLACE_HOLDER)
        self.call(f"registry_{kind}_containers.list", *at)
    for kind in reversed(KINDS):
        self.call(f"registry_{kind}_versions.begin_delete", *at, PLACE_HOLDER, "1")
        self.call(f"registry_{kind}_containers.begin_delete", *at, PLACE_HOLDER)
    self.call("registries.begin_remove_regions", group, name, wanted)
    self.call("registries.begin_delete", group, name)


def _workspaces(self: Walk, subscription: str, group: str, workspace: str) -> None:
    m, name = self.models, f"{PLACE_HOLDER}-ws"
    provider = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
    wanted = m.Workspace(
        location="eastus",
        identity=m.ManagedServiceIdentity(type="SystemAssigned"),
        friendly_name=name,
        storage_account=f"{provider}/Microsoft.Storage/storageAccounts/stwalked",
        key_vault=f"{provider}/Microsoft.KeyVault/vaults/kvwalked",
        application_insights=f"{provider}/Microsoft.Insights/components/aiwalked",
    )
    self.call("operations.list")
    self.call("workspaces.begin_create_or_update", group, name, wanted)
    self.call("workspaces.begin_update", group, name, m.WorkspaceUpdateParameters(description="walked"))
    at = (group, name)
    self.call("workspaces.get", *at)
    self.call("workspaces.list_by_resource_group", group)
    self.call("workspaces.list_by_subscription")
    self.call("workspaces.list_keys", *at)
    self.call("workspaces.list_storage_account_keys", *at)
    self.call("workspaces.list_outbound_network_dependencies_endpoints", *at)
    self.call("workspaces.list_notebook_access_token", *at)
    self.call("workspaces.begin_prepare_notebook", *at)
    self.call("workspaces.list_notebook_keys", *at)
    self.call("workspaces.begin_resync_keys", *at)
    self.call("workspaces.begin_diagnose", *at, m.DiagnoseWorkspaceParameters(value=m.DiagnoseRequestProperties()))
    self.call("workspace_features.list", *at)
    connection = m.WorkspaceConnectionPropertiesV2BasicResource(
        properties=m.NoneAuthTypeWorkspaceConnectionProperties(category="Git", target="https://github.com/octo/repo")
    )
    self.call("workspace_connections.create", *at, PLACE_HOLDER, connection)
    self.call("workspace_connections.get", *at, PLACE_HOLDER)
    self.call("workspace_connections.list", *at)
    self.call("workspace_connections.delete", *at, PLACE_HOLDER)
    self.call("private_link_resources.list", *at)
    self.call("private_endpoint_connections.list", *at)
    state = m.PrivateLinkServiceConnectionState(status="Approved", description="walked")
    link = m.PrivateEndpointConnection(private_link_service_connection_state=state)
    self.call("private_endpoint_connections.create_or_update", *at, PLACE_HOLDER, link)
    self.call("private_endpoint_connections.get", *at, PLACE_HOLDER)
    self.call("private_endpoint_connections.delete", *at, PLACE_HOLDER)
    self.call("compute.list_keys", group, workspace, "none")
    self.call("workspaces.begin_delete", *at)
