"""What a team wants of cleanup, made once from its parameters: when a thing counts as unused, and what is spared."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from mlops.domain.cleanup import idle_deployments, idle_endpoints, protect, version_retention
from mlops.domain.cleanup.plan import Cause, Mode


@dataclass(frozen=True)
class CleanupPolicy:
    """`owner` is the tag's value of what is ours; nothing else is ever changed.

    `protected` says of each environment whether params.yaml protects it, `production` which of them count as such, and
    `include_production` which of these may be cleaned up all the same. `max_deletions`, `max_share` and `max_archived`
    bound one run.
    """

    owner: str
    model: str
    data_assets: tuple[str, ...]
    rules: tuple[protect.ProtectionRule, ...]
    protected: Mapping[str, bool]
    production: frozenset[str]
    include_production: tuple[str, ...]
    modes: Mapping[Cause, Mode]
    endpoints: idle_endpoints.IdleEndpointPolicy
    deployments: idle_deployments.IdleDeploymentPolicy
    versions: version_retention.RetentionPolicy
    longest_job: timedelta
    idle_compute: timedelta
    grace: timedelta
    max_deletions: int
    max_share: float
    max_archived: int | None
    prices: Mapping[str, float]
    currency: str
