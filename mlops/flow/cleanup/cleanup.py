"""`mlops cleanup`: finds what nobody uses, marks it, and on a later run deletes what is still unused.

Every run looks anew, so a run that died is resumed by the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mlops.azure import data
from mlops.domain.cleanup import idle_deployments, idle_endpoints, protect, version_retention
from mlops.domain.cleanup import plan as cleanup_plan
from mlops.domain.cleanup.cost_report import CostReport, MachineHours, cost_report, planned
from mlops.domain.cleanup.plan import Because, Cause, Item, ItemState, Kind, Mode, Plan
from mlops.domain.cleanup.policy import CleanupPolicy
from mlops.domain.cleanup.status import ENDS_MACHINES, Status, status_of
from mlops.domain.environments.order import PromotionOrder
from mlops.domain.evaluation import scoring
from mlops.errors import BadInput, CapRefused, MlopsError, Problem, RemoteFailed
from mlops.flow.cleanup.inventory import Inventory
from mlops.flow.cleanup.workspaces import look
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.params import Params

if TYPE_CHECKING:
    from mlops.flow.cleanup.apply import Applied


@dataclass(frozen=True)
class CleanupItem:
    """One thing: what is planned for it or became of it, and why.

    `name` is unique in its kind and workspace: a deployment's is endpoint/deployment, a version's name:version.
    `machines` are the instances by VM size that it keeps running; `acts` says whether anything is to be done.
    """

    workspace: str
    kind: Kind
    name: str
    environment: str | None
    status: Status
    because: Because
    reason: str
    ours: bool
    acts: bool
    instances: int
    machines: dict[str, int]
    marked: datetime | None


@dataclass(frozen=True)
class CostSummary:
    """What the machines of ours cost a day; `unpriced` VM sizes are not in it, for no price is given for them."""

    currency: str
    saved_a_day: float
    running_a_day: float
    idle_a_day: float
    unpriced: tuple[str, ...]


@dataclass(frozen=True)
class CleanupResult:
    """Every item, and what it means in instance-hours a day; `unread_endpoints` of ours could not be counted.

    `looked_at` is the service's time, `unread_workspaces` those of environments, each with the reason. `money` is null
    where no size in use has a price.
    """

    applied: bool
    looked_at: datetime
    workspaces: int
    unread_workspaces: tuple[str, ...]
    endpoints: int
    unread_endpoints: int
    items: tuple[CleanupItem, ...]
    machines: tuple[MachineHours, ...]
    saved_hours_a_day: int
    running_hours_a_day: int
    idle_hours_a_day: int
    money: CostSummary | None


def run(context: Context, *, apply_plan: bool) -> Outcome[CleanupResult]:
    """Look, decide, and with `apply_plan` act."""
    policy, places = policy_of(context.params, context.owner), map(context.place, context.params.environments)
    looked = look(policy, context.workspace, places, context.params.cleanup.workspaces, context.say)
    inventories = looked.inventories
    _check_rules(policy, inventories)
    plan = decide(policy, inventories)
    by_label = {_label(one, inventories): one for one in inventories}
    applied = None
    if apply_plan:
        from mlops.flow.cleanup.apply import apply  # most commands that look at this plan do not act on it

        applied = apply(plan, by_label, context.say)
    unread = [problem for one in inventories for problem in one.problems]
    failure = _failure(plan, [*(applied.problems if applied else ()), *unread])
    return Outcome(result_of(policy, plan, inventories, applied, looked.unread), failure)


def policy_of(params: Params, owner: str) -> CleanupPolicy:
    """The parameters as the policy that everything below is decided by."""
    stated = params.cleanup
    grace, youngest = timedelta(hours=stated.grace_hours), timedelta(hours=stated.minimum_age_hours)
    retention = {
        name: timedelta(hours=each.retention_hours)
        for name, each in params.environments.items()
        if each.retention_hours is not None
    }
    return CleanupPolicy(
        owner=owner,
        model=params.model.name,
        data_assets=tuple(  # the questions stand last
            data.asset_name(params.data.name, role) for role in (*data.ROLES, scoring.JUDGED_ROLE, scoring.ROLE)
        ),
        rules=tuple(protect.ProtectionRule(Kind(rule.kind), rule.name, rule.may_be_absent) for rule in stated.protect),
        protected={name: each.protected for name, each in params.environments.items()},
        production=protect.production(PromotionOrder(params.order)),
        include_production=tuple(stated.include_production),
        modes={Cause(name): Mode(value) for name, value in stated.what.model_dump().items()},
        endpoints=idle_endpoints.IdleEndpointPolicy(
            stated.idle_days, stated.grace_hours, stated.minimum_age_hours, stated.max_deletions, stated.max_share
        ),
        deployments=idle_deployments.IdleDeploymentPolicy(retention, youngest, grace),
        versions=version_retention.RetentionPolicy(stated.keep_versions, timedelta(days=stated.archive_after_days)),
        longest_job=timedelta(hours=stated.job_hours),
        idle_compute=timedelta(days=stated.idle_days),
        grace=grace,
        max_deletions=stated.max_deletions,
        max_share=stated.max_share,
        max_archived=stated.max_archived,
        prices=params.prices.instance_hour,
        currency=params.prices.currency,
    )


def decide(policy: CleanupPolicy, inventories: Sequence[Inventory]) -> Plan:
    """One plan for all workspaces, so that the caps hold for the run."""
    items = [replace(item, workspace=_label(one, inventories)) for one in inventories for item in one.items]
    return cleanup_plan.plan(
        items,
        max_deletions=policy.max_deletions,
        max_share=policy.max_share,
        modes=policy.modes,
        max_archived=policy.max_archived,
    )


def result_of(
    policy: CleanupPolicy,
    plan: Plan,
    inventories: Sequence[Inventory],
    applied: "Applied | None",
    unread: tuple[str, ...] = (),
) -> CleanupResult:
    """What is planned, or what was done of it."""
    done = applied.done if applied else {}

    def ended(item: Item) -> bool:
        return done.get(item.key) in ENDS_MACHINES if applied else planned(item)

    costs = cost_report(plan.items, ended, policy.prices)
    seen = [each for one in inventories for each in one.endpoints.seen]
    return CleanupResult(
        applied=applied is not None,
        looked_at=inventories[0].now,
        workspaces=len(inventories),
        unread_workspaces=unread,
        endpoints=len(seen),
        unread_endpoints=sum(bool(one.usage.unread) for one in seen if one.usage.ours),
        items=tuple(_item(item, status_of(item, done)) for item in plan.items),
        machines=costs.rows,
        saved_hours_a_day=costs.saved,
        running_hours_a_day=costs.running,
        idle_hours_a_day=costs.idle,
        money=_money(costs, policy.currency),
    )


def _item(item: Item, status: Status) -> CleanupItem:
    return CleanupItem(
        workspace=item.workspace,
        kind=item.kind,
        name=item.name,
        environment=item.environment,
        status=status,
        because=item.because,
        reason=item.reason,
        ours=item.ours,
        acts=item.state not in (ItemState.KEEP, ItemState.REPORT, ItemState.REFUSED),
        instances=item.instances,
        machines=dict(item.machines),
        marked=item.marked,
    )


def _money(costs: CostReport, currency: str) -> CostSummary | None:
    found = costs.money
    if found is None:
        return None
    saved, running, idle = (round(amount, 2) for amount in (found.saved, found.running, found.idle))
    return CostSummary(currency, saved, running, idle, found.unpriced)


def _label(one: Inventory, inventories: Sequence[Inventory]) -> str:
    """A workspace's name, where there are several, with its subscription where that is another than the first one's."""
    names = one.workspace.target
    elsewhere = names.subscription_id != inventories[0].workspace.target.subscription_id
    name = f"{names.resource_group}/{names.workspace}"
    return (f"{names.subscription_id}/{name}" if elsewhere else name) if len(inventories) > 1 else ""


def _check_rules(policy: CleanupPolicy, inventories: Sequence[Inventory]) -> None:
    """A protect rule that fits nothing anywhere stops the run before anything is deleted. Raises BadInput."""
    found: dict[Kind, list[str]] = {}
    for one in inventories:
        for kind, names in one.names.items():
            found.setdefault(kind, []).extend(names)
    if wrong := protect.problems(policy.rules, found, "params.yaml", found.keys()):
        raise BadInput(wrong)


def _failure(plan: Plan, failures: list[Problem]) -> MlopsError | None:
    if failures:
        return RemoteFailed(failures)
    fix = "raise the cap if all of these are really to go"
    return CapRefused(Problem(plan.refusal, "params.yaml", fix=fix, key="cleanup")) if plan.refusal else None
