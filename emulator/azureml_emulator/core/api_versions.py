"""Properties that only some versions of the interface answer: an answer has those of the version that was asked.

Source: the models of each version of Microsoft.MachineLearningServices in azure-ai-ml 1.1 (2021-10-01 to
2022-10-01-preview), 1.10, 1.26 and 1.32 (to 2025-01-01-preview) and 1.35 (2025-12-01), and
azure-mgmt-machinelearningservices 2.0.0b2 (2023-04-01); where those do not say, the answers that azure-ai-ml recorded.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

from azureml_emulator.core.request import Reply, Request

Answers = Callable[[str], bool]  # whether a version has it
VERSIONS_KEPT = 500  # with kinds: of what a call asked, what its answer does not have
STATES = "2022-10-01"  # the last version without a provisioning state of assets


def _previews(first: str, last: str = "9999") -> Answers:
    """Previews of these days, and no stable version."""
    return lambda version: version.endswith("-preview") and first <= version[:10] <= last


def _since(day: str) -> Answers:
    """Every version from that day on."""
    return lambda version: version[:10] >= day


def _until(day: str) -> Answers:
    """Every version to that day."""
    return lambda version: version[:10] <= day


def _new(day: str) -> Answers:
    """Previews from that day on, and stable versions after 2023."""
    return lambda version: version[:10] >= day and (version.endswith("-preview") or version > "2024")


def _but(first: str, *without: str) -> Answers:
    """Every version from that day on but for these."""
    return lambda version: version[:10] >= first and version not in without


def _after(version_before: str) -> Answers:
    """Every version after that one: a preview of the same day comes after the stable version."""
    return lambda version: version > version_before


def _never(version: str) -> bool:
    """Of the data plane only."""
    return False


_SHORT_LIVED = _previews("2023-04-01", "2024-04-01")  # deletion after a time, intellectual property
_OF_2024 = _previews("2024-01-01", "2024-04-01")
_GONE: dict[str, Answers] = {"autoDeleteSetting": _SHORT_LIVED, "intellectualProperty": _SHORT_LIVED}
_STATE: dict[str, Answers] = {"provisioningState": _after(STATES)}
_RESOURCES: dict[str, Answers] = {
    "maxInstanceCount": _SHORT_LIVED,
    "locations": _previews("2023-02-01", "2024-04-01"),
    "dockerArgsList": _new("2025-01-01"),
    "dockerArgs": _since("2022-06-01"),
    "shmSize": _since("2022-06-01"),
}
_JOB: dict[str, Answers] = {
    "componentId": _since("2022-06-01"),
    "sourceJobId": _since("2022-06-01"),
    "notificationSetting": _new("2023-02-01"),
    "secretsConfiguration": _SHORT_LIVED,
    "parentJobName": _new("2025-01-01"),
    "autologgerSettings": _previews("2022-10-01", "2024-04-01"),
    "queueSettings": _but("2023-02-01", "2023-04-01"),
    "queueSettings/priority": _previews("2023-02-01", "2024-04-01"),
    "properties/_azureml.ClusterName": _since("2024-01-01"),
    "properties/PlatformVersion": _since("2022-12-01"),
    "properties/stages": _until("2022-11-30"),
    "properties/azureml.pipelines.stages": _since("2022-12-01"),
    **dict.fromkeys(("properties/StartTimeUtc", "properties/EndTimeUtc"), _since("2023-01-01")),
    "tags/_aml_system_samples_generated_count": _since("2024-01-01"),
    "properties/azureml.DatasetAccessMode": _since("2023-02-01"),
    "properties/azureml.enforceRerun": _since("2023-02-01"),
    "componentConfiguration": _previews("2023-08-01", "2024-04-01"),
    **{f"{place}/{key}": answers for place in ("resources", "trial/resources") for key, answers in _RESOURCES.items()},
    "resources?searchSpace": _previews("2023-08-01", "2024-12-31"),
    "environmentVariables?pyFiles": _since("2024-01-01"),
    "taskDetails/*/pathOnCompute": _OF_2024,
    "taskDetails/limitSettings/maxNodes": _previews("2022-10-01", "2024-04-01"),
    **dict.fromkeys(
        (
            "taskDetails/limitSettings/sweepTrials",
            "taskDetails/limitSettings/sweepConcurrentTrials",
            "taskDetails/sweepSettings?fixedParameters",
            "taskDetails/searchSpace?fixedParameters",
            "taskDetails/fixedParameters",
        ),
        _previews("2022-10-01", "2024-04-01"),
    ),
    "taskDetails/trainingSettings/trainingMode": _previews("2022-12-01", "2024-04-01"),
    "taskDetails/forecastingSettings/featuresUnknownAtForecastTime": _previews("2023-04-01", "2024-04-01"),
    "trial/resources/shmSize": _since("2024-01-01"),
    "services/*/nodes": _after("2022-10-01"),
    "inputs/*/pathOnCompute": _OF_2024,
    "outputs/*/pathOnCompute": _OF_2024,
    "outputs/*/assetName": _but("2022-12-01", "2023-04-01", "2023-10-01", "2024-07-01-preview"),
    "outputs/*/assetVersion": _previews("2022-12-01", "2024-04-01"),
    "outputs/*/autoDeleteSetting": _SHORT_LIVED,
}
_NULL: dict[str, dict[str, Answers]] = {  # a version has the key, and says nothing
    "jobs": {
        "queueSettings": _until("2023-12-31"),
        "properties/ClientSdkVersion": _since("2022-12-01"),
        **dict.fromkeys(
            (
                "taskDetails/nCrossValidations",  # even where it was stated
                "taskDetails/validationData",
                "taskDetails/forecastingSettings/seasonality",
            ),
            _until("2022-06-30"),
        ),
    },
    "connections": {"/systemData": _until("2022-12-31")},
    "computes": {"provisioningWarnings": _until("2022-12-31")},
}
_ONLY: dict[str, dict[str, Answers]] = {
    "data": {**_GONE, "stage": _SHORT_LIVED},
    "components": {
        **_GONE,
        **_STATE,
        "stage": _SHORT_LIVED,
        "componentSpec/resources/instance_type": _since("2023-04-01"),
    },
    "codes": {**_GONE, **_STATE},
    "featuresets": {"autoDeleteSetting": _SHORT_LIVED},
    "featurestoreentities": {"autoDeleteSetting": _SHORT_LIVED},
    "models": {**_GONE, **_STATE, "stage": _since("2023-04-01"), "originAssetId": _never},
    "environments": {
        **_GONE,
        **_STATE,
        "stage": _since("2023-04-01"),
        "autoRebuild": _but("2022-10-01", "2022-10-01-preview"),
        "properties/azureml.labels": _since("2023-04-01"),
    },
    "jobs": _JOB,
    "schedules": {f"action/jobDefinition/{key}": answers for key, answers in _JOB.items()},
    "computes": {
        "provisioningWarnings": _after("2022-10-01"),
        "properties/enableBatchPrivateLink": _since("2022-10-01"),
        **dict.fromkeys(  # of an instance
            (
                *("properties/enableBatchPrivateLink?lastOperation", "properties/enableNodePublicIp?lastOperation"),
                *("properties/imageVersion", "properties/imageSku", "properties/enableRootAccess"),
                *("properties/enableOSPatching", "properties/releaseQuotaOnStop", "properties/enableSSO"),
            ),
            _since("2023-01-01"),
        ),
    },
    "onlineendpoints": {
        "mirrorTraffic": _but("2022-02-01", "2022-05-01", "2022-10-01"),
        "publicNetworkAccess": _but("2022-02-01", "2022-05-01"),
    },
    "onlineendpoints/deployments": {
        "egressPublicNetworkAccess": _but("2022-02-01", "2022-05-01"),
        "privateNetworkConnection": lambda version: version == "2022-02-01-preview",
        "dataCollector": _new("2023-04-01"),
    },
    "batchendpoints": {"/identity": _until("2022-12-31")},
    "registries": {
        "provisioningState": _since("2023-04-01"),
        "regionDetails/[]/storageAccountDetails/[]/systemCreatedStorageAccount/allowBlobPublicAccess": _since(
            "2023-04-01"
        ),
    },
    "workspaces": {
        **dict.fromkeys(("v1LegacyMode", "softDeleteEnabled"), _since("2022-05-01")),
        **dict.fromkeys(("/kind", "enableDataIsolation"), _since("2022-10-01")),
        **dict.fromkeys(("managedNetwork", "creationTime"), _since("2022-12-01")),
        **dict.fromkeys(
            ("ipAllowlist", "serverlessComputeSettings", "EnableSoftwareBillOfMaterials"), _since("2023-04-01")
        ),
        **dict.fromkeys(
            ("allowRoleAssignmentOnRG", "systemDatastoresAuthMode", "enableServiceSideCMKEncryption"),
            _since("2023-08-01"),
        ),
    },
    "connections": {
        **dict.fromkeys(
            (
                "isSharedToAll",
                "createdByWorkspaceArmId",
                "group",
                "sharedUserList",
            ),
            _new("2023-06-01"),
        ),
        "expiryTime": _since("2022-10-01"),
        "useWorkspaceManagedIdentity": _new("2023-08-01"),
        **dict.fromkeys(("error", "isDefault", "peRequirement", "peStatus"), _new("2024-04-01")),
    },
    "datastores": {
        **dict.fromkeys(("subscriptionId", "resourceGroup"), _but("2022-06-01", "2022-10-01", "2023-04-01")),
        "intellectualProperty": _SHORT_LIVED,
    },
}
_DATA_PLANE: dict[str, tuple[str, ...]] = {  # kind -> what the data plane of registries, of 2021, does not answer
    "codes": ("provisioningState",),
    "data": ("autoDeleteSetting", "intellectualProperty", "stage"),
    "components": ("autoDeleteSetting", "provisioningState", "stage"),
    "environments": ("autoDeleteSetting", "autoRebuild", "provisioningState"),
    "models": ("autoDeleteSetting", "provisioningState", "stage", "system_metadata"),
}
_KIND = re.compile(
    r"/(?P<scope>workspaces|registries)(?:/[^/]+(?:/(?P<kind>[a-z]+)(?:/[^/]+(?P<part>/deployments)?)?)?)?(?:/|$)",
    re.IGNORECASE,
)


def knows(api_version: str, kind: str, path: str) -> bool:
    """Whether a version has a property of a kind of resource, as `outputs/*/assetVersion` of `jobs`."""
    answers = _ONLY.get(kind, {}).get(path)
    return answers is None or not api_version or answers(api_version)


def shaped(request: Request, reply: Reply) -> Reply:
    """The answer without what the version that was asked does not have; a version that is not stated has all."""
    version, match = request.query.get("api-version", ""), _KIND.search(request.path)
    kind = f"{match['kind'] or match['scope']}{match['part'] or ''}".lower() if match else None
    gone = _gone(kind, version) if kind is not None else None
    if gone is None or not version or not isinstance(reply.body, dict) or reply.status >= 300:
        return reply
    listed = reply.body.get("value")
    for one in listed if isinstance(listed, list) else [reply.body]:
        for path in gone:
            _take(one, path)
        for stated, answers in _NULL.get(kind or "", {}).items():
            *above, last = _path(stated)
            holder: Any = one
            for key in above:
                holder = holder.get(key) if isinstance(holder, dict) else None
            if answers(version) and isinstance(holder, dict) and last in holder and not _says_something(holder[last]):
                holder[last] = None
    return reply


@lru_cache(VERSIONS_KEPT)
def _gone(kind: str, version: str) -> list[list[str]] | None:
    """The paths that a version does not have of a kind; None where nothing is known of it."""
    only = _only(kind, version)
    return None if only is None else [_path(stated) for stated, answers in only.items() if not answers(version)]


def _only(kind: str, version: str) -> dict[str, Answers] | None:
    """The keys of a kind that not every version has; None where nothing is known of it."""
    if "dataplane" in version:
        return dict.fromkeys(_DATA_PLANE.get(kind, ()), lambda _: False)
    return _ONLY.get(kind)


def _says_something(value: Any) -> bool:
    """Whether these are data, or settings of a queue that has tiers: of a cluster's no version before 2024 spoke."""
    return isinstance(value, dict) and (value.get("jobTier", "Null") != "Null" or "uri" in value)


@cache
def _path(stated: str) -> list[str]:
    """From the resource itself where it begins with a slash, else from its properties."""
    return stated[1:].split("/") if stated.startswith("/") else ["properties", *stated.split("/")]


def _take(holder: Any, path: list[str]) -> None:
    """Take away what a path leads to, `*` being every key, `[]` every item of a list, `a?b` an a with a b beside it."""
    stated, *rest = path
    first, _, beside = stated.partition("?")
    if first == "[]" and isinstance(holder, list):
        for one in holder:
            _take(one, rest)
    if not isinstance(holder, dict) or (beside and beside not in holder):
        return
    below: Iterable[Any] = list(holder.values()) if first == "*" else [holder.get(first)]
    if not rest:
        holder.pop(first, None)
    for one in below if rest else ():
        _take(one, rest)
