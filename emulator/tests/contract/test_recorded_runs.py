"""What the service was recorded to answer of work that goes on: runs below a run, and looks until an end."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.core import arm
from azureml_emulator.http.address import Address
from emulator_support.clients import Call
from emulator_support.recorded_facts import Fact, differences

BASE = f"https://{arm.HOST}{arm.default_workspace_id()}"
HISTORY = f"https://eastus.api.azureml.ms/history/v1.0{arm.default_workspace_id()}"
VERSION = "2024-01-01-preview"
CURATED = "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33"
NAMES = {
    "who": "userObjectId userPuId userIdp=null userAltSecId=null userIss userTenantId userName upn=null "
    "clientApplicationId=null applicationACR=null",
    "first": "runNumber=int rootRunId createdUtc createdBy(@who) userId token=null tokenExpiryTimeUtc=null",
    "second": "revision=int statusRevision=int runUuid rootRunUuid lastStartTimeUtc=null currentComputeTime=null "
    "computeDuration effectiveStartTimeUtc=null lastModifiedBy(@who) lastModifiedUtc duration cancelationReason=null "
    "runId experimentId status startTimeUtc endTimeUtc scheduleId=null displayName dataContainerId hidden=bool runType",
    "third": "parameters() scriptName=null settings() services() inputDatasets[] outputDatasets[] runDefinition=null "
    "jobSpecification=null primaryMetricName=null createdFrom=null cancelUri completeUri=null queueingInfo=null",
    "error": "error(error(code severity=null message messageFormat messageParameters() referenceCode detailsUri=null "
    "target=null details[] innerError=null debugInfo=null additionalInfo=null) correlation=null environment=null "
    "location=null time componentName) warnings[(source message)]",
    "step": "@second parentRunUuid currentAttemptId=int parentRunId name description=null runTypeV2(orchestrator "
    "traits[text] attribution computeType) properties(azureml.DevPlatv2 azureml.DatasetAccessMode StepType "
    "ComputeTargetType azureml.moduleid azureml.moduleFamilyId azureml.moduleName azureml.moduleVersion "
    "azureml.runsource azureml.nodeid azureml.pipelinerunid azureml.pipeline azureml.rootpipelinerunid "
    "azureml.pipelineComponent _azureml.ComputeTargetType _azureml.ClusterName ProcessInfoFile ProcessStatusFile) "
    "actionUris(Cancel Diagnose) target uniqueChildRunComputeTargets[] tags(azureml.nodeid azureml.pipeline "
    "_aml_system_ComputeTargetStatus) @third diagnosticsUri computeRequest(nodeCount=int gpuCount=int) compute(target "
    "targetType vmSize=null instanceType=null instanceCount=int gpuCount=int priority=null region=null armId=null "
    "properties=null) retainForLifetimeOfWorkspace=null inputs=null outputs=null",
    "pipeline": "@second parentRunUuid=null currentAttemptId=null parentRunId=null name=null description "
    "runTypeV2(orchestrator traits[text] attribution=null computeType=null) properties(azureml.DevPlatv2 "
    "azureml.DatasetAccessMode azureml.runsource runSource runType azureml.parameters azureml.continue_on_step_failure "
    "azureml.continue_on_failed_optional_input azureml.enforceRerun azureml.defaultComputeName "
    "azureml.defaultDataStoreName azureml.pipelineComponent) actionUris(Cancel) target=null "
    "uniqueChildRunComputeTargets[text] tags(owner) @third diagnosticsUri=null computeRequest=null compute=null "
    "retainForLifetimeOfWorkspace=bool inputs() outputs()",
    "definition": "JobType PipelineJobType Pipeline=null ComputeId RunId=null Settings(_source) ComponentJobs=null "
    "Inputs() Outputs() Bindings=null Jobs(one(name type _source componentId)) InputBindings() OutputBindings() "
    "SourceJobId=null ProvisioningState ParentJobName=null DisplayName ExperimentName Status InteractionEndpoints=null "
    "Identity=null Compute=null Priority=null Output=null IsArchived=bool Schedule=null ComponentId=null "
    "NotificationSetting=null Description Tags(owner) Properties()",
}


@pytest.fixture(scope="module")
def at_once(emulator_address: Address) -> Iterator[None]:
    """Jobs that end as soon as their work is done."""
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "at once"})
    yield
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "at once"})


def pipeline(api: Call, command: str) -> str:
    """A job of one step on a cluster."""
    name = f"r{uuid.uuid4().hex[:8]}"
    size = {"vmSize": "STANDARD_DS2_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1}}
    cluster = {"location": "eastus", "properties": {"computeType": "AmlCompute", "properties": size}}
    put(api, f"computes/{name}", cluster)
    spec = {"name": "azureml_anonymous", "version": "1", "type": "command", "command": command, "environment": CURATED}
    component = put(api, f"components/{name}/versions/1", {"properties": {"componentSpec": spec}})
    node = {"name": "one", "type": "command", "_source": "YAML.JOB", "componentId": component["id"]}
    stated = {
        "jobType": "Pipeline", "experimentName": "runs", "description": "said", "tags": {"owner": "team"},
        "computeId": f"{arm.default_workspace_id()}/computes/{name}", "inputs": {}, "outputs": {}, "properties": {},
        "jobs": {"one": node}, "settings": {"_source": "YAML.JOB"},
    }  # fmt: skip
    put(api, f"jobs/{name}", {"properties": stated})
    return name


def put(api: Call, path: str, body: dict[str, Any]) -> Any:
    answer = api("PUT", f"{BASE}/{path}?api-version={VERSION}", body)
    assert answer.status in (200, 201), answer.data
    return answer.json()


def ended(api: Call, name: str) -> str:
    while (found := api("GET", f"{BASE}/jobs/{name}?api-version={VERSION}").json()["properties"]["status"]) not in (
        "Completed",
        "Failed",
    ):
        time.sleep(0.1)
    return str(found)


def shaped(shape: str, answer: Any) -> list[str]:
    return differences(Fact("GET", "", 200, shape, names=NAMES), 200, answer)


@pytest.mark.parametrize(
    ("command", "end", "error"), [("true", "Completed", "error=null warnings=null"), ("false", "Failed", "@error")]
)
def test_the_runs_below_a_pipeline_are_shown_as_recorded(
    api: Call, at_once: None, command: str, end: str, error: str
) -> None:
    name = pipeline(api, command)
    assert ended(api, name) == end
    children = api("GET", f"{HISTORY}/runs/{name}/children").json()
    assert not shaped(f"value[(@first {error} @step)]", children)
    step = children["value"][0]["runId"]
    assert not shaped(f"@first {error} @step", api("GET", f"{HISTORY}/runs/{step}").json())
    assert not shaped("id name type systemData(createdAt createdBy createdByType)", api(
        "GET", f"{BASE}/jobs/{step}?api-version={VERSION}").json())  # fmt: skip


def test_the_data_of_a_run_has_its_definition(api: Call, at_once: None) -> None:
    name = pipeline(api, "true")
    assert ended(api, name) == "Completed"
    wanted = {"runId": name, "selectRunMetadata": True, "selectRunDefinition": True, "selectJobSpecification": True}
    found = api("POST", f"{HISTORY}/rundata", wanted).json()
    assert not shaped(
        "runMetadata(@first error=null warnings=null @pipeline) runDefinition(@definition) jobSpecification=null "
        "systemSettings=null",
        found,
    )


def test_a_job_that_is_canceled_is_looked_at_where_its_end_will_be(api: Call, emulator_address: Address) -> None:
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "3600 s"})
    name = pipeline(api, "true")
    asked = api("POST", f"{BASE}/jobs/{name}/cancel?api-version=2023-04-01-preview")
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "at once"})
    assert (asked.status, asked.data, "Azure-AsyncOperation" in asked.headers) == (202, b"null", False)
    looks = [api("GET", asked.headers["Location"])]
    while looks[-1].status == 202:
        assert looks[-1].data == b"{}"
        looks.append(api("GET", asked.headers["Location"]))
    assert (len(looks) > 1, looks[-1].status, looks[-1].data) == (True, 200, b"")
    refused = api("POST", f"{BASE}/jobs/{name}/cancel?api-version=2023-04-01-preview").json()["error"]
    codes = next(one["info"]["value"] for one in refused["additionalInfo"] if one["type"] == "InnerError")
    assert codes["innerError"]["innerError"]["code"] == "CancelPipelineRunInTerminalStatus"


def test_a_schedule_is_made_and_deleted_step_by_step(api: Call) -> None:
    url = f"{BASE}/schedules/s{uuid.uuid4().hex[:8]}?api-version=2023-06-01-preview"
    action = {"actionType": "CreateJob", "jobDefinition": {"jobType": "Pipeline", "sourceJobId": f"{BASE[28:]}/jobs/x"}}
    trigger = {"triggerType": "Cron", "expression": "15 10 * * 1", "timeZone": "UTC"}
    made = api("PUT", url, {"properties": {"action": action, "trigger": trigger, "isEnabled": False}})
    assert (made.status, list(made.json())) == (201, ["properties"])
    assert looked_at(api, made.headers) == [("Creating", 3), ("Succeeded", 5)]
    gone = api("DELETE", url)
    assert (gone.status, gone.data) == (202, b"null")
    assert looked_at(api, gone.headers) == [("Deleting", 3), ("Succeeded", 5)]
    missing = api("GET", url)
    assert (missing.status, missing.json()["error"]["code"]) == (404, "UserError")


def looked_at(api: Call, headers: Any) -> list[tuple[str, int]]:
    """The status of an operation at each look, and how many keys it was said with."""
    looks = [api("GET", headers["Azure-AsyncOperation"]).json() for _ in range(2)]
    return [(look["status"], len(look)) for look in looks]
