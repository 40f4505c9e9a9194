"""What each environment serves, since when, from which run, and how much it is used: read, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mlops.azure import at_once, endpoint_usage, models, traffic_metrics
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup.activity import Known
from mlops.domain.promote import audit
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState
from mlops.domain.registry import passed
from mlops.domain.serving.settings import SettingChange
from mlops.domain.tags import COMMIT_TAG, JOB_TAG, PROMOTED_TAG, ROLLED_BACK_TAG, VERDICT_TAG, VERDICT_WHY_TAG
from mlops.domain.training.costs import PriceList, machine_cost
from mlops.errors import MlopsError
from mlops.flow.context import Context
from mlops.flow.training import hourly

DAY = timedelta(days=1)
LOOKED_BACK = timedelta(days=30)  # for the last request; hours of Azure Monitor


@dataclass(frozen=True)
class ServedModel:
    """A deployment with its model as name:version and its share of the traffic in percent."""

    deployment: str
    model: str
    state: DeploymentState
    traffic: int
    instances: int


@dataclass(frozen=True)
class LiveModel:
    """The model with all the traffic: since when and by whom, its run and commit, and how it was judged.

    `approved` names who approved it on GitHub. Empty text and null are what nobody knows.
    """

    model: str
    since: datetime | None
    by: str
    approved: str
    job: str
    commit: str
    verdict: str
    why: str


@dataclass(frozen=True)
class EndpointUse:
    """What was asked of an endpoint in the last day, by Azure Monitor; null is not known, and `gap` says why.

    `p95_ms` is that of the slowest minute. `last_request` is null, too, where there was none in 30 days.
    """

    requests: int | None = None
    errors: int | None = None
    p95_ms: float | None = None
    last_request: datetime | None = None
    idle: bool = False
    gap: str = ""


@dataclass(frozen=True)
class EnvironmentStatus:
    """An environment's endpoint, what it serves, and what people decided about it.

    `promoted` is the last promotion, `rolled_back` says from which deployment to which one a rollback went since then,
    `held` are versions that were rolled back, `promoting` is a model on its way, `drift` what somebody else changed.
    `cost_a_day` is null where nothing runs or a price is missing in params.yaml. `pending` are serving settings that
    are not as params.yaml says.
    """

    name: str
    endpoint: str
    state: EndpointState
    serves: tuple[ServedModel, ...]
    promoted: AuditEntry | None
    rolled_back: str | None
    held: Mapping[str, AuditEntry]
    frozen: AuditEntry | None
    promoting: str | None
    drift: str | None
    live: LiveModel | None = None
    use: EndpointUse = field(default_factory=EndpointUse)
    cost_a_day: float | None = None
    currency: str = ""
    pending: tuple[SettingChange, ...] = ()


def environments(
    context: Context, seen: Mapping[str, EndpointFacts], pending: Mapping[str, tuple[SettingChange, ...]]
) -> tuple[EnvironmentStatus, ...]:
    """Every environment as its endpoint, its model's tags and Azure Monitor show it."""
    prices = hourly.prices(context.params)
    places = {name: context.workspace_of(name) for name in seen}

    def status(name: str) -> EnvironmentStatus:
        facts = seen[name]
        live, use = at_once.both(
            lambda: _live(context.workspace, facts, name),
            lambda: _use(places[name], facts.name) if facts.deployments else EndpointUse(),
        )
        cost = _cost_a_day(facts.deployments, prices)
        return _status(name, facts, live, use, cost, prices.currency, pending.get(name, ()))

    return tuple(at_once.each(status, seen))


def _status(
    name: str,
    facts: EndpointFacts,
    live: LiveModel | None,
    use: EndpointUse,
    cost: float | None,
    currency: str,
    pending: tuple[SettingChange, ...],
) -> EnvironmentStatus:
    serves = (
        ServedModel(item.name, item.model, item.state, facts.share(item.name), item.instance_count)
        for item in facts.deployments
    )
    return EnvironmentStatus(
        name,
        facts.name,
        facts.state,
        tuple(serves),
        promoted=audit.read(facts.tags.get(PROMOTED_TAG, "")),
        rolled_back=facts.tags.get(ROLLED_BACK_TAG) or None,
        held=audit.held(facts.tags),
        frozen=audit.frozen(facts.tags),
        promoting=facts.promoting or None,
        drift=facts.drift or None,
        live=live,
        use=use,
        cost_a_day=cost,
        currency=currency,
        pending=pending,
    )


def _live(workspace: Workspace, facts: EndpointFacts, environment: str) -> LiveModel | None:
    """A model of a registry, or one that is gone, is told as far as the endpoint knows it."""
    label = facts.live_model
    if not label:
        return None
    name, _, version = label.partition(":")
    found = models.shown(workspace, name, version) if version else None
    tags = found.tags if found else {}
    way, last = passed.read(tags, environment), audit.read(facts.tags.get(PROMOTED_TAG, ""))
    said = last if last and last.at and not facts.tags.get(ROLLED_BACK_TAG) else way.entry if way else last
    return LiveModel(
        label,
        since=said.at if said else None,
        by=said.by if said else "",
        approved=way.approved if way else "",
        job=tags.get(JOB_TAG, "") or (found.job if found else ""),
        commit=tags.get(COMMIT_TAG, ""),
        verdict=tags.get(VERDICT_TAG, ""),
        why=tags.get(VERDICT_WHY_TAG, ""),
    )


def _use(workspace: Workspace, endpoint: str) -> EndpointUse:
    """Metrics that cannot be read hide nothing else."""
    now, id = workspace.now(), f"{workspace.id}/onlineEndpoints/{endpoint}"
    known = endpoint_usage.activity(workspace, [endpoint_usage.Wanted(id, now - LOOKED_BACK)], until=now)[id.lower()]
    if not isinstance(known, Known):
        return EndpointUse(gap=known.why)
    last = known.last_request
    if last is None or last < now - DAY:
        return EndpointUse(0, 0, None, last, idle=True)
    try:
        counted = traffic_metrics.by_deployment(workspace, endpoint, since=now - DAY, until=now).by_deployment
    except MlopsError as error:
        return EndpointUse(last_request=last, gap=error.problems[0].what)
    slowest = [one.p95_ms for one in counted.values() if one.p95_ms is not None]
    return EndpointUse(
        round(sum(one.total for one in counted.values())),
        round(sum(one.errors for one in counted.values())),
        max(slowest, default=None),
        last,
    )


def _cost_a_day(deployments: Sequence[DeploymentFacts], prices: PriceList) -> float | None:
    """Of all machines; None where a price is missing, for a sum without it would look like all."""
    hours = [machine_cost(one.instance_type, one.instance_count, prices).an_hour for one in deployments]
    known = [hour for hour in hours if hour is not None]
    return 24 * sum(known) if known and len(known) == len(hours) else None
