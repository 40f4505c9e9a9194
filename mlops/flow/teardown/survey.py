"""Surveys one workspace: every item of every kind that is switched on, judged.

It must not change anything. A kind that cannot be read is told as a problem and nothing of it is torn down.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mlops.azure import aliases, data, leftovers
from mlops.azure.workspace import Workspace
from mlops.domain import evaluation, idle, protect, running, shelf
from mlops.domain.teardown import Cause, Item, Kind, Mode
from mlops.errors import MlopsError, Problem
from mlops.flow.context import Context
from mlops.flow.teardown import fleet


@dataclass
class Survey:
    """One workspace: what is planned for it, what is there, and what could not be read."""

    workspace: Workspace
    now: datetime
    items: list[Item] = field(default_factory=list)
    endpoints: fleet.Fleet = field(default_factory=lambda: fleet.Fleet(()))
    names: dict[Kind, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    jobs: list[running.JobFacts] | None = None
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
    found.endpoints = fleet.observe(context, workspace, found.now)
    found.names |= found.endpoints.names()
    judged = idle.judge([one.usage for one in found.endpoints.seen], fleet.policy(context), found.now)
    found.items += judged
    found.items += fleet.spares(context, workspace, found.endpoints, judged, found.now)
    for kind, causes, look in _PARTS:
        if any(modes(context)[cause] is not Mode.IGNORE for cause in causes):
            try:
                found.items += look(context, found)
            except MlopsError as error:
                found.problems += [replace(each, why=f"{each.why} (no {kind} is touched)") for each in error.problems]
    return found


def _jobs(context: Context, found: Survey) -> list[Item]:
    stated = context.params.cleanup
    jobs = leftovers.active_jobs(found.workspace, context.owner, found.now)
    found.names[Kind.JOB] = [job.name for job in jobs]
    rules = fleet.rules(context)
    found.jobs = [replace(job, protected_by=protect.protected_by(rules, Kind.JOB, job.name)) for job in jobs]
    limit, grace = timedelta(hours=stated.job_hours), timedelta(hours=stated.grace_hours)
    return running.judge_jobs(found.jobs, limit, grace, found.now)


def _computes(context: Context, found: Survey) -> list[Item]:
    computes = leftovers.computes(found.workspace, context.owner)
    found.names[Kind.COMPUTE] = [one.name for one in computes]
    rules = fleet.rules(context)
    guarded = [replace(one, protected_by=protect.protected_by(rules, Kind.COMPUTE, one.name)) for one in computes]
    return running.judge_compute(guarded, timedelta(days=context.params.cleanup.idle_days), found.now)


def _versions(context: Context, found: Survey) -> list[Item]:
    """Versions of our model and of our data, evaluation jobs, and what needs them."""
    stated, workspace = context.params.cleanup, found.workspace
    policy = shelf.Policy(stated.keep_versions, timedelta(days=stated.archive_after_days))
    models = _guarded(context, found, Kind.MODEL, "models", context.params.model.name)
    names = [data.asset_name(context.params.data.name, role) for role in (*data.ROLES, evaluation.ROLE)]
    assets = [one for name in names for one in _guarded(context, found, Kind.DATA, "data", name)]
    scored = _protected(context, found, Kind.EVALUATION, leftovers.evaluations(workspace, context.owner))
    served: set[str] = set()
    named: dict[str, str] = {}
    unknown = ""
    going = [shelf.candidates(versions, policy, found.now) for versions in (models, assets, scored)]
    if any(going):  # only then it matters what every endpoint serves
        served, unknown = fleet.deployed_models(workspace, found.endpoints)
        named = shelf.roles(context.params.model.name, aliases.read(workspace, context.params.model.name))
    needs = shelf.Needs(dict.fromkeys(served, "an endpoint has it deployed") | named, unknown)
    kept = served | named.keys()
    every = leftovers.every_model(workspace, context.owner) if going[1] or going[2] else []
    needed = _lineage(context, found, every, kept) if going[1] else shelf.Needs({})
    needed = shelf.questions([one for one in assets if one.name == names[-1]], needed)
    return [
        *shelf.judge(models, Kind.MODEL, policy, needs, found.now),
        *shelf.judge(assets, Kind.DATA, policy, replace(needed, unknown=needed.unknown or unknown), found.now),
        *shelf.judge(
            scored, Kind.EVALUATION, policy, replace(shelf.evaluations(scored, every, kept), unknown=unknown), found.now
        ),
    ]


def _guarded(context: Context, found: Survey, kind: Kind, path: str, name: str) -> list[shelf.VersionFacts]:
    return _protected(context, found, kind, leftovers.versions(found.workspace, path, name, context.owner))


def _protected(
    context: Context, found: Survey, kind: Kind, versions: list[shelf.VersionFacts]
) -> list[shelf.VersionFacts]:
    """Note their names for the protect rules, and on each the rule that keeps it."""
    found.names.setdefault(kind, []).extend(one.label for one in versions)
    rules = fleet.rules(context)
    return [replace(one, protected_by=protect.protected_by(rules, kind, one.label)) for one in versions]


def _lineage(context: Context, found: Survey, every: list[shelf.VersionFacts], served: set[str]) -> shelf.Needs:
    """What data the models of the whole workspace and the jobs under way need."""
    if found.jobs is None:
        found.jobs = leftovers.active_jobs(found.workspace, context.owner, found.now)
    return shelf.lineage(every, served, [job.tags for job in found.jobs], data.ROLES)


_Look = Callable[[Context, Survey], list[Item]]
_PARTS: tuple[tuple[str, tuple[Cause, ...], _Look], ...] = (
    ("job", (Cause.LONG_JOBS,), _jobs),
    ("compute", (Cause.IDLE_COMPUTE,), _computes),
    ("version", (Cause.OLD_MODELS, Cause.OLD_DATA, Cause.OLD_EVALUATIONS), _versions),
)
