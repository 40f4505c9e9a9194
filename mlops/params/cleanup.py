"""The `cleanup` block of `params.yaml`: when something counts as forgotten, what is done, and what is never touched.

It must not decide anything; `mlops.domain` does.
"""

from typing import Literal

from mlops.params.block import TEN_YEARS, Block, Positive, Share, key

Mode = Literal["ignore", "report", "act"]


class CleanupWhat(Block):
    """What is done about each kind of leftover: `ignore` it, `report` it, or `act`."""

    idle_endpoints: Mode = key("act", description="Endpoints without a request for idle_days: deleted")
    empty_endpoints: Mode = key("act", description="Endpoints without a deployment: deleted")
    orphaned_endpoints: Mode = key("act", description="Unused endpoints whose model is gone: deleted")
    idle_deployments: Mode = key(
        "act", description="Deployments at 0 % beyond the environment's retention_hours: deleted"
    )
    failed_deployments: Mode = key("act", description="Failed deployments without traffic: deleted")
    long_jobs: Mode = key("act", description="Jobs of ours that run for longer than job_hours: canceled")
    idle_compute: Mode = key(
        "report", description="Idle clusters with a minimum above zero and compute instances: to zero, and stopped"
    )
    old_models: Mode = key("act", description="Old model versions that serve nowhere: archived")
    old_data: Mode = key("act", description="Old data versions that no model in use was made from: archived")
    old_evaluations: Mode = key("act", description="Old evaluation jobs of models that are not listed: archived")


class Protect(Block):
    """One thing, or several by a pattern, that cleanup never touches."""

    kind: Literal["endpoint", "deployment", "job", "compute", "model", "data", "evaluation"] = key(
        description="What it is"
    )
    name: str = key(
        min_length=1,
        description="Its name, with * and ?; endpoint/name of a deployment, name:version of a model or data, "
        "the job's of an evaluation",
    )
    may_be_absent: bool = key(False, description="Without it a rule that fits nothing is an error")


class Cleanup(Block):
    """When something counts as forgotten, and what is done about it."""

    idle_days: float = key(3, gt=0, le=60, description="No request for so long is idle")
    grace_hours: float = key(20, ge=0, le=336, description="Between the mark and the deletion")
    minimum_age_hours: float = key(24, ge=0, le=TEN_YEARS, description="Younger endpoints are left alone")
    max_deletions: Positive = key(5, description="More than this in one run is refused")
    max_share: Share = key(0.5, description="Largest share of our endpoints deleted in one run, and so of each kind")
    job_hours: float = key(72, gt=0, le=TEN_YEARS, description="A job that runs for longer is canceled")
    keep_versions: Positive = key(
        5, description="So many newest versions of models and data, and evaluation jobs, are never archived"
    )
    archive_after_days: float = key(90, gt=0, le=TEN_YEARS / 24, description="Younger versions are never archived")
    max_archived: Positive = key(50, description="So many versions are archived in one run at most")
    what: CleanupWhat = key(default_factory=CleanupWhat, description="What is done about each kind")  # type: ignore[arg-type]
    protect: tuple[Protect, ...] = key((), description="What is never touched")
    include_production: tuple[str, ...] = key(
        (),
        description="Environments counting as production that may be cleaned up, besides `protected: false` there",
    )
    workspaces: tuple[str, ...] = key(
        (), description="Further workspaces of the subscription, as name or resource-group/name"
    )
