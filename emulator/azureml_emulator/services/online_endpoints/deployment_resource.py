"""What a deployment of an online endpoint is: its model, machines, limits, and whether it takes requests.

Source: OnlineDeployment of Microsoft.MachineLearningServices (REST specification), and the service's refusals.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Self

from azureml_emulator.core import arm
from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.typed import At, Json, Provisioned, ProvisioningState

KIND = "deployments"
TYPE_PATH = "workspaces/onlineEndpoints/deployments"
LONGEST_REQUEST_SECONDS = 180.0
DEFAULT_SIZE = "Standard_F4s_v2"
MANAGED = "Managed"
PROBE = {"initialDelay": "PT10S", "period": "PT10S", "timeout": "PT2S", "successThreshold": 1, "failureThreshold": 30}
READ_ONLY = ("provisioningState", "provisioningErrors")
OPERATION = "AzureAsyncOperationUri"
_IMAGE_ROOT = "/var/azureml-app"  # in the images of the service
NOT_STATED = ("description", "codeConfiguration", "environmentId", "modelMountPath", "model", "dataCollector")
REQUESTS = {"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1, "maxQueueWait": "PT0.5S"}
_DURATION = re.compile(r"^PT(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?$")
_NOT_READY = frozenset({ProvisioningState.CREATING, ProvisioningState.FAILED, ProvisioningState.DELETING})


@dataclass(frozen=True, kw_only=True)
class OnlineDeployment(Provisioned):
    """A deployment. What the emulator keeps of it for itself: the model's folder, who serves it, a user's own code."""

    location: Annotated[str, At("location")]
    kind: Annotated[str, At("kind")] = MANAGED
    tags: Annotated[Json, At("tags")] = field(default_factory=dict)
    sku: Annotated[Json, At("sku")] = field(default_factory=dict)
    identity: Annotated[Json | None, At("identity")] = None
    system_data: Annotated[Json, At("systemData")] = field(default_factory=dict)
    compute_type: Annotated[str, At("properties.endpointComputeType")] = MANAGED
    model: Annotated[str | None, At("properties.model")] = None
    instance_type: Annotated[str, At("properties.instanceType")] = DEFAULT_SIZE
    labels: Annotated[Json, At("properties.properties")] = field(default_factory=dict)
    request_settings: Annotated[Json, At("properties.requestSettings")] = field(default_factory=lambda: dict(REQUESTS))
    variables: Annotated[dict[str, str], At("properties.environmentVariables")] = field(default_factory=dict)
    place: Annotated[str, At("_place")] = ""
    stack: Annotated[str, At("_stack")] = ""
    code: Annotated[Json | None, At("_code")] = None

    @property
    def instances(self) -> int:
        """How many machines it has."""
        return int(self.sku.get("capacity") or 1)

    @property
    def is_ready(self) -> bool:
        """Whether it takes requests: also while it is changed, but not before it was there or after it failed."""
        return self.state not in _NOT_READY

    @property
    def error(self) -> str | None:
        """Why it failed; None where it did not."""
        errors = self.kept.get("properties", {}).get("provisioningErrors")
        return str(errors[0]["error"]["message"]) if errors and self.state is ProvisioningState.FAILED else None

    @property
    def created(self) -> str:
        """When, as ARM writes it."""
        return str(self.system_data["createdAt"])

    @property
    def timeout(self) -> float:
        """Seconds that a request may take."""
        return duration(str(self.request_settings["requestTimeout"]))

    @property
    def most_at_once(self) -> int:
        """How many requests its containers work on at the same time."""
        return int(self.request_settings["maxConcurrentRequestsPerInstance"]) * self.instances

    def scaled(self, sku: Json | None, tags: Json | None) -> Self:
        """With other tags, where a tag of None goes, and another number of machines."""
        merged = {**self.tags, **(tags or {})}
        moved = self.moved(ProvisioningState.SCALING if sku else ProvisioningState.UPDATING)
        kept_tags = {name: value for name, value in merged.items() if value is not None}
        return replace(moved, tags=kept_tags, sku={**self.sku, **(sku or {})})

    def show(self) -> Json:
        """As ARM shows it; its probes are said once there is something to probe."""
        body = self.body()
        body["systemData"] = arm.of_endpoint(self.system_data)
        if body.get("identity") is None:
            body.pop("identity", None)
        if self.state is ProvisioningState.CREATING:
            body["properties"] = {**body["properties"], "livenessProbe": None, "readinessProbe": None}
        elif code := body["properties"].get("codeConfiguration"):
            own = _of_code(str(code.get("scoringScript") or ""), self.model)
            body["properties"] = {**body["properties"], "environmentVariables": {**self.variables, **own}}
        return arm.shown(self.id, self.name, body, TYPE_PATH)

    def named_by(self, operation_url: str) -> Self:
        """With what the service writes into its properties when it begins to make it."""
        return replace(self, labels={**self.labels, OPERATION: operation_url})


def completed(stated: Json, machines: Json) -> Json:
    """The properties of a deployment with what the service adds. Raises 400 for a time-out that is too long."""
    requests = {**REQUESTS, **given(stated.get("requestSettings"))}
    if duration(str(requests["requestTimeout"])) > LONGEST_REQUEST_SECONDS:
        text = f"The request timeout may be {LONGEST_REQUEST_SECONDS:.0f} seconds at most."
        raise bad_request(text, code="BadArgument", target="requestSettings.requestTimeout")
    return {
        **dict.fromkeys(NOT_STATED),
        "endpointComputeType": MANAGED,
        "appInsightsEnabled": False,
        "privateNetworkConnection": False,
        "scaleSettings": {"scaleType": "Default"},
        "environmentVariables": {},
        "properties": {},
        "egressPublicNetworkAccess": "Enabled",
        **{key: value for key, value in given(stated).items() if key not in READ_ONLY},
        **{name: {**PROBE, **given(stated.get(name))} for name in ("livenessProbe", "readinessProbe")},
        "requestSettings": requests,
        **machines,
    }


def _of_code(script: str, model: str | None) -> Json:
    """The variables that the service gives a container with code, where nothing else is said of them."""
    name, _, version = str(model or "").partition("/models/")[2].partition("/versions/")
    place = {"AZUREML_MODEL_DIR": f"{_IMAGE_ROOT}/azureml-models/{name}/{version}"} if name else {}
    return {**place, "AZUREML_ENTRY_SCRIPT": script, "AML_APP_ROOT": f"{_IMAGE_ROOT}/onlinescoring"}


def duration(text: str) -> float:
    """Seconds of an ISO 8601 duration of hours, minutes and seconds. Raises 400."""
    match = _DURATION.match(text)
    if not match:
        raise bad_request(f"{text!r} is not an ISO 8601 duration.", code="BadArgument")
    return float(match["h"] or 0) * 3600 + float(match["m"] or 0) * 60 + float(match["s"] or 0)


def given(stated: Any) -> Json:
    """What is stated and not null."""
    return {key: value for key, value in (stated or {}).items() if value is not None}
