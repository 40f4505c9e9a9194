"""Properties that only some versions of the interface answer: an answer has those of the version that was asked.

Source: the models of each version of Microsoft.MachineLearningServices in azure-ai-ml 1.26 (2022-10-01-preview to
2025-01-01-preview) and 1.35 (2025-12-01), and azure-mgmt-machinelearningservices 2.0.0b2 (2023-04-01).
"""

import re
from collections.abc import Callable

from azureml_emulator.core.request import Json, Reply, Request

Answers = Callable[[str], bool]  # whether a version has it


def _assets_preview(version: str) -> bool:
    """Deletion after a time and intellectual property came and went while they were a preview."""
    return version.endswith("-preview") and "2023-04-01" <= version[:10] <= "2024-04-01"


def _not_in_2023(version: str) -> bool:
    return version != "2023-04-01" and version[:10] >= "2022-12-01"


def _since(day: str) -> Answers:
    """Previews from that day on, and stable versions after 2023."""
    return lambda version: version[:10] >= day and (version.endswith("-preview") or version > "2024")


_GONE: dict[str, Answers] = {"autoDeleteSetting": _assets_preview, "intellectualProperty": _assets_preview}
_ONLY: dict[str, dict[str, Answers]] = {
    "data": {**_GONE, "stage": _assets_preview},
    "components": {**_GONE, "stage": _assets_preview},
    "models": _GONE,
    "environments": _GONE,
    "jobs": {
        "secretsConfiguration": _assets_preview,
        "notificationSetting": _not_in_2023,
        "parentJobName": _since("2025-01-01"),
    },
    "connections": {
        "metadata": _since("2023-06-01"),
        "isSharedToAll": _since("2023-08-01"),
        "createdByWorkspaceArmId": _since("2023-08-01"),
        "group": _since("2024-01-01"),
        "sharedUserList": _since("2024-01-01"),
    },
    "datastores": {"subscriptionId": _not_in_2023, "resourceGroup": _not_in_2023},
}
_OUTPUTS: dict[str, Answers] = {
    "assetName": _not_in_2023,
    "assetVersion": _assets_preview,
    "autoDeleteSetting": _assets_preview,
}
_KIND = re.compile(r"/(?:workspaces|registries)/[^/]+/(?P<kind>[a-z]+)(?:/|$)", re.IGNORECASE)


def shaped(request: Request, reply: Reply) -> Reply:
    """The answer without what the version that was asked does not have; a version that is not stated has all."""
    version, match = request.query.get("api-version", ""), _KIND.search(request.path)
    only = _ONLY.get(match["kind"].lower()) if match else None
    if only is None or not version or not isinstance(reply.body, dict) or reply.status >= 300:
        return reply
    listed = reply.body.get("value")
    for one in listed if isinstance(listed, list) else [reply.body]:
        _take(one.get("properties"), only, version)
        if "jobType" in (one.get("properties") or {}):
            for output in (one["properties"].get("outputs") or {}).values():
                _take(output, _OUTPUTS, version)
    return reply


def _take(properties: Json | None, only: dict[str, Answers], version: str) -> None:
    for key, answers in only.items():
        if properties and key in properties and not answers(version):
            del properties[key]
