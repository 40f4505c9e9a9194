"""What each road of a release writes on Azure, as actions of its access control, and which of them somebody lacks.

Pure. Source of the matching: Microsoft.Authorization permissions: a role allows what its actions name less what its
notActions name, and what one role excepts another may give. `*` stands for any text, between slashes for none too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

ML = "Microsoft.MachineLearningServices/workspaces"
ENDPOINTS = f"{ML}/onlineEndpoints"
CLUSTER = f"{ML}/computes/write"
SECRETS = f"{ML}/datastores/listSecrets/action"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
DATA = (f"{BLOBS}/read", f"{BLOBS}/write")  # actions of the data plane
AUTOSCALE = ("Microsoft.Insights/autoscaleSettings/write", "Microsoft.Insights/autoscaleSettings/delete")
METRICS = "Microsoft.Insights/metrics/read"
SIZES = "Microsoft.MachineLearningServices/locations/vmSizes/read"


class Road(StrEnum):
    """What an identity is there for."""

    TRAIN = "train"
    PROMOTE = "promote"
    CLEANUP = "cleanup"


WRITES = {
    Road.TRAIN: (
        f"{ML}/data/versions/write",
        f"{ML}/jobs/write",
        f"{ML}/jobs/cancel/action",
        f"{ML}/models/versions/write",
    ),
    Road.PROMOTE: (
        f"{ENDPOINTS}/write",
        f"{ENDPOINTS}/deployments/write",
        f"{ENDPOINTS}/deployments/delete",
        f"{ML}/jobs/write",
        f"{ML}/models/versions/write",
    ),
    Road.CLEANUP: (
        f"{ENDPOINTS}/write",
        f"{ENDPOINTS}/delete",
        f"{ENDPOINTS}/deployments/delete",
        f"{ML}/jobs/cancel/action",
        f"{ML}/models/versions/write",
        f"{ML}/data/versions/write",
    ),
}


@dataclass(frozen=True)
class Permission:
    """What one role allows at a scope."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Whether it allows an action, or of those of blobs, which are of the data plane, the data action."""
        if action.startswith(BLOBS):
            return _any(self.data_actions, action) and not _any(self.not_data_actions, action)
        return _any(self.actions, action) and not _any(self.not_actions, action)


def lacking(held: Sequence[Permission], wanted: Sequence[str]) -> tuple[str, ...]:
    """Those of the wanted actions that nothing allows."""
    return tuple(action for action in wanted if not any(one.allows(action) for one in held))


def role_for(action: str) -> str:
    """The built-in role that allows an action and little else; empty where none does."""
    if action.startswith(BLOBS):
        return "Storage Blob Data Contributor"
    if action == CLUSTER:
        return "AzureML Compute Operator"
    if action in AUTOSCALE:
        return ""
    return "AzureML Data Scientist" if action.startswith(ML) else "Monitoring Reader"


def _any(patterns: Sequence[str], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"/\*/", "/(?:.*/)?").replace(r"\*", ".*"), re.IGNORECASE)
