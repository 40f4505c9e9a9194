"""`mlops report site`: all that the site shows, read from the workspace: environments, models, runs, and what happened.

What does not change any more (a registered model's run, data, evaluation and learning curves) is kept in a folder, and
read from there the next time: hundreds of releases would be thousands of requests.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mlops.azure import aliases, jobs
from mlops.azure.models import Registered
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation.evidence import metrics_of
from mlops.domain.promote.endpoint import DeploymentFacts
from mlops.domain.registry.lineage import EvaluationFacts, ModelFacts, RunFacts
from mlops.domain.release.timeline import Event, RunRecord, VersionRecord, timeline
from mlops.domain.tags import GATE_PREFIX, VERDICT_TAG, VERDICT_WHY_TAG
from mlops.domain.training.costs import PriceList, machine_cost
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.registry import lineage
from mlops.flow.release import history, live
from mlops.flow.release.live import EnvironmentStatus
from mlops.params import Params

CURVES = ("loss", "eval_loss", "learning_rate")


@dataclass(frozen=True)
class ModelDetails:
    """What a model was made from and judged by, which is settled once it is registered.

    `curves` are (step, value) by metric of the training run.
    """

    run: RunFacts | None = None
    evaluation: EvaluationFacts | None = None
    curves: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelRecord:
    """A registered version, what it was made from, its verdict, and its role by environment (empty for none)."""

    label: str
    version: str
    registered: datetime | None
    verdict: str
    why: str
    rules: Mapping[str, str]
    metrics: Mapping[str, float]
    roles: Mapping[str, str]
    tags: Mapping[str, str]
    details: ModelDetails

    @property
    def facts(self) -> ModelFacts:
        """For its lineage."""
        return ModelFacts(self.label, self.tags, self.details.run, self.details.evaluation)


@dataclass(frozen=True)
class Machines:
    """The machines of one deployment; cost a day is null where no price of the size is given in params.yaml."""

    environment: str
    deployment: str
    size: str
    instances: int
    cost_a_day: float | None
    currency: str


@dataclass(frozen=True)
class Limit:
    """An absolute limit of the gate: `max` or `min`."""

    metric: str
    kind: str
    value: float


@dataclass(frozen=True)
class SiteResult:
    """All that the site shows, at `made`, the service's time. Models are newest first, events oldest first."""

    model: str
    workspace: str
    made: datetime
    environments: tuple[EnvironmentStatus, ...]
    machines: tuple[Machines, ...]
    running: tuple[RunRecord, ...]
    models: tuple[ModelRecord, ...]
    events: tuple[Event, ...]
    limits: tuple[Limit, ...]
    left_out: int


def run(context: Context, *, most: int, kept: Path) -> Outcome[SiteResult]:
    """Read everything about the newest `most` models. `kept` is the folder for what does not change any more."""
    workspace, owner = context.workspace, context.owner
    endpoints = own_endpoints(context)
    versions = history.own_versions(workspace, owner)
    roles = aliases.read(workspace, owner)
    shown = []
    for number, one in enumerate(versions[:most], 1):
        context.say(f"reading {one.label}, {number} of {min(most, len(versions))}")
        theirs = {name: roles.of(name).of(one.version) for name in endpoints}
        shown.append(_model(one, theirs, _details(workspace, one, kept)))
    params = context.params
    prices = PriceList(params.prices.instance_hour, params.prices.currency)
    past = [VersionRecord(one.version, one.registered, one.tags) for one in versions]
    tags = {name: facts.tags for name, facts in endpoints.items()}
    runs = history.past_runs(workspace, owner)
    result = SiteResult(
        model=owner,
        workspace=workspace.target.workspace,
        made=workspace.now(),
        environments=live.environments(context, endpoints, {}),
        machines=tuple(_machines(name, one, prices) for name, facts in endpoints.items() for one in facts.deployments),
        running=tuple(one for one in runs if not one.state.ended),
        models=tuple(shown),
        events=timeline(owner, runs, past, tags),
        limits=tuple(_limits(params)),
        left_out=len(versions) - len(shown),
    )
    return Outcome(result)


def _model(one: Registered, roles: Mapping[str, str], details: ModelDetails) -> ModelRecord:
    tags = one.tags
    return ModelRecord(
        label=one.label,
        version=one.version,
        registered=one.registered,
        verdict=tags.get(VERDICT_TAG, ""),
        why=tags.get(VERDICT_WHY_TAG, ""),
        rules={key.removeprefix(GATE_PREFIX): text for key, text in tags.items() if key.startswith(GATE_PREFIX)},
        metrics=metrics_of(tags),
        roles=roles,
        tags=tags,
        details=details,
    )


def _details(workspace: Workspace, one: Registered, kept: Path) -> ModelDetails:
    """From the folder where they are there, else from the workspace; what is not settled is not kept."""
    form = TypeAdapter(ModelDetails)
    path = kept / f"{workspace.hash}-{one.name}-{one.version}.json"
    try:
        return form.validate_json(path.read_bytes())
    except (OSError, ValidationError):  # not there, or of another version of this program
        found = _read_details(workspace, one)
    gaps = [gap for part in (found.run, found.evaluation) if part for gap in part.gaps]
    if found.run and not gaps:
        with suppress(OSError):  # a folder that cannot be written only makes the next site slower
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(form.dump_json(found))
    return found


def _read_details(workspace: Workspace, one: Registered) -> ModelDetails:
    facts = lineage.facts_of(workspace, one)
    curves = {}
    if facts.run:
        curves = {metric: tuple(jobs.history(workspace, facts.run.job, metric)) for metric in CURVES}
    return ModelDetails(facts.run, facts.evaluation, {metric: points for metric, points in curves.items() if points})


def _machines(environment: str, one: DeploymentFacts, prices: PriceList) -> Machines:
    found = machine_cost(one.instance_type, one.instance_count, prices)
    a_day = None if found.an_hour is None else 24 * found.an_hour
    return Machines(environment, one.name, one.instance_type, one.instance_count, a_day, prices.currency)


def _limits(params: Params) -> Iterator[Limit]:
    """The absolute limits of the gate as it stands now."""
    for rule in params.gate.rules:
        for kind, value in (("max", rule.max), ("min", rule.min)):
            if value is not None:
                yield Limit(rule.metric, kind, value)
