"""Surveys one workspace: every item of every kind that is switched on, judged.

It must not change anything. A kind that cannot be read is told as a problem and nothing of it is torn down.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mlops.azure import aliases, cleanup_inventory, data
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup import idle_endpoints, jobs_and_compute, protect, version_retention
from mlops.domain.cleanup.plan import Cause, Item, Kind, Mode
from mlops.domain.evaluation import scoring
from mlops.errors import MlopsError, Problem
from mlops.flow.cleanup import endpoints as cleanup_endpoints
from mlops.flow.context import Context


@dataclass
class Survey:
    """One workspace: what is planned for it, what is there, and what could not be read."""

    workspace: Workspace
    now: datetime
    items: list[Item] = field(default_factory=list)
    endpoints: cleanup_endpoints.Fleet = field(default_factory=lambda: cleanup_endpoints.Fleet(()))
    names: dict[Kind, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    jobs: list[jobs_and_compute.JobFacts] | None = None
    holder: str = field(default_factory=lambda: f"cleanup-{secrets.token_hex(4)}")  # of the leases that it takes

    @property
    def label(self) -> str:
        """The workspace's name."""
        return self.workspace.target.workspace


def modes(context: Context) -> dict[Cause, Mode]:
    """What is done about each cause."""
    return {Cause(name): Mode(value) for name, value in context.params.cleanup.what.model_dump().items()}


def survey(context: Context, workspace: Workspace) -> Survey:
    """Look at everything that is switched on. Raises when the endpoints themselves cannot be listed."""
    found = Survey(workspace, workspace.now())
    found.endpoints = cleanup_endpoints.observe(context, workspace, found.now)
    found.names |= found.endpoints.names()
    judged = idle_endpoints.judge(
        [one.usage for one in found.endpoints.seen], cleanup_endpoints.policy(context), found.now
    )
    found.items += judged
    found.items += cleanup_endpoints.spares(context, workspace, found.endpoints, judged, found.now)
    for kind, causes, look in _PARTS:
        if any(modes(context)[cause] is not Mode.IGNORE for cause in causes):
            try:
                found.items += look(context, found)
            except MlopsError as error:
                found.problems += [replace(each, why=f"{each.why} (no {kind} is touched)") for each in error.problems]
    return found


def _jobs(context: Context, found: Survey) -> list[Item]:
    stated = context.params.cleanup
    jobs = cleanup_inventory.active_jobs(found.workspace, context.owner, found.now)
    found.names[Kind.JOB] = [job.name for job in jobs]
    rules = cleanup_endpoints.rules(context)
    found.jobs = [replace(job, protected_by=protect.protected_by(rules, Kind.JOB, job.name)) for job in jobs]
    limit, grace = timedelta(hours=stated.job_hours), timedelta(hours=stated.grace_hours)
    return jobs_and_compute.judge_jobs(found.jobs, limit, grace, found.now)


def _computes(context: Context, found: Survey) -> list[Item]:
    computes = cleanup_inventory.computes(found.workspace, context.owner)
    found.names[Kind.COMPUTE] = [one.name for one in computes]
    rules = cleanup_endpoints.rules(context)
    guarded = [replace(one, protected_by=protect.protected_by(rules, Kind.COMPUTE, one.name)) for one in computes]
    return jobs_and_compute.judge_compute(guarded, timedelta(days=context.params.cleanup.idle_days), found.now)


def _versions(context: Context, found: Survey) -> list[Item]:
    """Versions of our model and of our data, evaluation jobs, and what needs them."""
    stated, workspace = context.params.cleanup, found.workspace
    policy = version_retention.Policy(stated.keep_versions, timedelta(days=stated.archive_after_days))
    models = _guarded(context, found, Kind.MODEL, "models", context.params.model.name)
    names = [data.asset_name(context.params.data.name, role) for role in (*data.ROLES, scoring.ROLE)]
    assets = [one for name in names for one in _guarded(context, found, Kind.DATA, "data", name)]
    scored = _protected(context, found, Kind.EVALUATION, cleanup_inventory.evaluations(workspace, context.owner))
    served: set[str] = set()
    named: dict[str, str] = {}
    unknown = ""
    going = [version_retention.candidates(versions, policy, found.now) for versions in (models, assets, scored)]
    if any(going):  # only then it matters what every endpoint serves
        served, unknown = cleanup_endpoints.deployed_models(workspace, found.endpoints)
        named = version_retention.roles(context.params.model.name, aliases.read(workspace, context.params.model.name))
    needs = version_retention.Needs(dict.fromkeys(served, "an endpoint has it deployed") | named, unknown)
    kept = served | named.keys()
    every = cleanup_inventory.every_model(workspace, context.owner) if going[1] or going[2] else []
    needed = _lineage(context, found, every, kept) if going[1] else version_retention.Needs({})
    needed = version_retention.questions([one for one in assets if one.name == names[-1]], needed)
    return [
        *version_retention.judge(models, Kind.MODEL, policy, needs, found.now),
        *version_retention.judge(
            assets, Kind.DATA, policy, replace(needed, unknown=needed.unknown or unknown), found.now
        ),
        *version_retention.judge(
            scored,
            Kind.EVALUATION,
            policy,
            replace(version_retention.evaluations(scored, every, kept), unknown=unknown),
            found.now,
        ),
    ]


def _guarded(context: Context, found: Survey, kind: Kind, path: str, name: str) -> list[version_retention.VersionFacts]:
    return _protected(context, found, kind, cleanup_inventory.versions(found.workspace, path, name, context.owner))


def _protected(
    context: Context, found: Survey, kind: Kind, versions: list[version_retention.VersionFacts]
) -> list[version_retention.VersionFacts]:
    """Note their names for the protect rules, and on each the rule that keeps it."""
    found.names.setdefault(kind, []).extend(one.label for one in versions)
    rules = cleanup_endpoints.rules(context)
    return [replace(one, protected_by=protect.protected_by(rules, kind, one.label)) for one in versions]


def _lineage(
    context: Context, found: Survey, every: list[version_retention.VersionFacts], served: set[str]
) -> version_retention.Needs:
    """What data the models of the whole workspace and the jobs under way need."""
    if found.jobs is None:
        found.jobs = cleanup_inventory.active_jobs(found.workspace, context.owner, found.now)
    return version_retention.lineage(every, served, [job.tags for job in found.jobs], data.ROLES)


_Look = Callable[[Context, Survey], list[Item]]
_PARTS: tuple[tuple[str, tuple[Cause, ...], _Look], ...] = (
    ("job", (Cause.LONG_JOBS,), _jobs),
    ("compute", (Cause.IDLE_COMPUTE,), _computes),
    ("version", (Cause.OLD_MODELS, Cause.OLD_DATA, Cause.OLD_EVALUATIONS), _versions),
)
