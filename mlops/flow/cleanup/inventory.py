"""What one workspace holds: every item of every kind that is switched on, judged.

A kind that cannot be read is told as a problem and nothing of it is changed.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mlops.azure import aliases, at_once, cleanup_inventory, data, endpoints
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup import idle_endpoints, jobs_and_compute, protect, version_retention
from mlops.domain.cleanup.plan import Cause, Item, Kind, Mode
from mlops.domain.cleanup.policy import CleanupPolicy
from mlops.domain.cleanup.version_retention import VersionFacts
from mlops.errors import MlopsError, Problem
from mlops.flow.cleanup import endpoints as cleanup_endpoints
from mlops.flow.cleanup.endpoints import EndpointInventory


@dataclass
class Inventory:
    """One workspace: what is planned for it, what is there, and what could not be read.

    Versions of one workspace may be served in those `beside` it; `unknown` says why that is not known.
    """

    workspace: Workspace
    now: datetime
    items: list[Item] = field(default_factory=list)
    endpoints: EndpointInventory = field(default_factory=lambda: EndpointInventory(()))
    names: dict[Kind, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    beside: Sequence["Inventory"] = ()
    unknown: str = ""
    holder: str = field(default_factory=lambda: f"cleanup-{secrets.token_hex(4)}")  # of the leases that it takes

    @property
    def label(self) -> str:
        """The workspace's name."""
        return self.workspace.target.workspace


def observe(policy: CleanupPolicy, workspace: Workspace) -> Inventory:
    """Look at the endpoints. Raises when they cannot be listed."""
    listed, _ = at_once.beside(lambda: endpoints.listing(workspace), lambda: workspace.location)
    found = Inventory(workspace, workspace.now())
    found.endpoints = cleanup_endpoints.observe(policy, workspace, listed, found.now)
    found.names |= found.endpoints.names()
    return found


def fill(policy: CleanupPolicy, found: Inventory) -> None:
    """Judge the endpoints, and look at everything else that is switched on."""
    workspace = found.workspace
    judged = idle_endpoints.judge([one.usage for one in found.endpoints.seen], policy.endpoints, found.now)
    found.items += judged
    found.items += cleanup_endpoints.judge_deployments(policy, workspace, found.endpoints, judged, found.now)

    def part(one: tuple[str, _Look]) -> tuple[list[Item], list[Problem]]:
        kind, look = one
        try:
            return look(policy, found), []
        except MlopsError as error:
            return [], [replace(each, why=f"{each.why} (no {kind} is touched)") for each in error.problems]

    wanted = [
        (kind, look) for kind, causes, look in _PARTS if any(policy.modes[cause] is not Mode.IGNORE for cause in causes)
    ]
    for items, problems in at_once.each(part, wanted):
        found.items += items
        found.problems += problems


def _active(policy: CleanupPolicy, found: Inventory) -> list[jobs_and_compute.JobFacts]:
    """The jobs under way, by one look of this run."""
    key = ("active jobs", policy.owner)
    return found.workspace.remembered(
        key, lambda: cleanup_inventory.active_jobs(found.workspace, policy.owner, found.now)
    )


def _jobs(policy: CleanupPolicy, found: Inventory) -> list[Item]:
    jobs = _active(policy, found)
    found.names[Kind.JOB] = [job.name for job in jobs]
    guarded = [replace(job, protected_by=protect.protected_by(policy.rules, Kind.JOB, job.name)) for job in jobs]
    return jobs_and_compute.judge_jobs(guarded, policy.longest_job, policy.grace, found.now)


def _computes(policy: CleanupPolicy, found: Inventory) -> list[Item]:
    computes = cleanup_inventory.computes(found.workspace, policy.owner)
    found.names[Kind.COMPUTE] = [one.name for one in computes]
    guarded = [
        replace(one, protected_by=protect.protected_by(policy.rules, Kind.COMPUTE, one.name)) for one in computes
    ]
    return jobs_and_compute.judge_compute(guarded, policy.idle_compute, found.now)


def _versions(policy: CleanupPolicy, found: Inventory) -> list[Item]:
    """Versions of our model and of our data, evaluation jobs, and what needs them."""
    workspace, retention = found.workspace, policy.versions
    names = policy.data_assets
    listed, evaluated = at_once.both(
        lambda: at_once.each(
            lambda of: cleanup_inventory.versions(workspace, *of, policy.owner),
            [("models", policy.model), *(("data", name) for name in names)],
        ),
        lambda: cleanup_inventory.evaluations(workspace, policy.owner),
    )
    models = _protected(policy, found, Kind.MODEL, listed[0])
    assets = _protected(policy, found, Kind.DATA, [one for versions in listed[1:] for one in versions])
    scored = _protected(policy, found, Kind.EVALUATION, evaluated)
    served: set[str] = set()
    named: dict[str, str] = {}
    unknown = ""
    going = [version_retention.candidates(versions, retention, found.now) for versions in (models, assets, scored)]
    if any(going):  # only then it matters what every endpoint serves
        served, unknown = _served(found)
        named = version_retention.roles(policy.model, aliases.read(workspace, policy.model))
    needs = version_retention.Needs(dict.fromkeys(served, "an endpoint has it deployed") | named, unknown)
    kept = served | named.keys()
    every = cleanup_inventory.every_model(workspace, policy.owner) if going[1] or going[2] else []
    needed = _lineage(policy, found, every, kept) if going[1] else version_retention.Needs({})
    needed = version_retention.questions([one for one in assets if one.name == names[-1]], needed)
    return [
        *version_retention.judge(models, Kind.MODEL, retention, needs, found.now),
        *version_retention.judge(
            assets, Kind.DATA, retention, replace(needed, unknown=needed.unknown or unknown), found.now
        ),
        *version_retention.judge(
            scored,
            Kind.EVALUATION,
            retention,
            replace(version_retention.evaluations(scored, every, kept), unknown=unknown),
            found.now,
        ),
    ]


def _served(found: Inventory) -> tuple[set[str], str]:
    """Every model that an endpoint has, here or where an environment stands; and why that is not all of them."""
    told = [cleanup_endpoints.deployed_models(one.workspace) for one in (found, *found.beside)]
    unknown = next((why for _, why in told if why), found.unknown)
    return {label for labels, _ in told for label in labels}, unknown


def _protected(policy: CleanupPolicy, found: Inventory, kind: Kind, versions: list[VersionFacts]) -> list[VersionFacts]:
    """Note their names for the protect rules, and on each the rule that keeps it."""
    found.names.setdefault(kind, []).extend(one.label for one in versions)
    return [replace(one, protected_by=protect.protected_by(policy.rules, kind, one.label)) for one in versions]


def _lineage(
    policy: CleanupPolicy, found: Inventory, every: list[VersionFacts], served: set[str]
) -> version_retention.Needs:
    """What data the models of the whole workspace and the jobs under way need."""
    return version_retention.lineage(every, served, [job.tags for job in _active(policy, found)], data.ROLES)


_Look = Callable[[CleanupPolicy, Inventory], list[Item]]
_PARTS: tuple[tuple[str, tuple[Cause, ...], _Look], ...] = (
    ("job", (Cause.LONG_JOBS,), _jobs),
    ("compute", (Cause.IDLE_COMPUTE,), _computes),
    ("version", (Cause.OLD_MODELS, Cause.OLD_DATA, Cause.OLD_EVALUATIONS), _versions),
)
