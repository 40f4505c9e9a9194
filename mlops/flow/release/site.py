"""`mlops report site`: all that the site shows, read from the workspace: environments, models, runs, and what happened.

What does not change any more (a registered model's run, data, evaluation and learning curves) is kept in a folder, and
read from there the next time: hundreds of releases would be thousands of requests.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mlops.azure import aliases, at_once, jobs, steps, traffic_metrics
from mlops.azure.models import Registered
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation.evidence import metrics_of
from mlops.domain.promote.endpoint import DeploymentFacts, EndpointFacts
from mlops.domain.registry.lineage import EvaluationFacts, ModelFacts, RunFacts, whole
from mlops.domain.release.timeline import Event, RunRecord, VersionRecord, timeline
from mlops.domain.tags import GATE_PREFIX, INSTANCE_TYPE_TAG, NODES_TAG, VERDICT_TAG, VERDICT_WHY_TAG
from mlops.domain.training.costs import HOUR, Estimate, PriceList, cost, machine_cost
from mlops.domain.training.progress import machine_seconds
from mlops.domain.training.spec import TrainingSpec
from mlops.errors import BadInput, MlopsError
from mlops.flow.context import Context
from mlops.flow.evaluation.compare import SidesSpec
from mlops.flow.evaluation.evaluator import Evaluator
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.registry import lineage
from mlops.flow.release import history, live
from mlops.flow.release.live import EnvironmentStatus
from mlops.flow.release.site_answers import AnswersBeside, AnswersReader
from mlops.flow.training import estimates, hourly, training_spec
from mlops.params import Params

FORM = 2  # of what is kept
REQUESTS_OF = timedelta(days=2)
CURVES = ("loss", "eval_loss", "learning_rate")


@dataclass(frozen=True)
class ModelDetails:
    """What a model was made from and judged by, which is settled once it is registered.

    `curves` are (step, value) by metric of the training run.
    """

    run: RunFacts | None = None
    evaluation: EvaluationFacts | None = None
    curves: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    answers: AnswersBeside | None = None
    machine_hours: float | None = None
    size: str = ""
    nodes: int = 0


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
    training_cost: float | None = None  # at the prices of now

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
class HourOfRequests:
    """Requests that a deployment answered in the hour that begins at `at`."""

    environment: str
    deployment: str
    at: datetime
    requests: int


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
    requests: tuple[HourOfRequests, ...] = ()
    currency: str = ""
    estimate: Estimate | None = None  # of another training on the newest model's data


def run(context: Context, *, most: int, kept: Path) -> Outcome[SiteResult]:
    """Read everything about the newest `most` models. `kept` is the folder for what does not change any more."""
    workspace, owner = context.workspace, context.owner
    endpoints = own_endpoints(context)
    versions = history.own_versions(workspace, owner)
    roles = aliases.read(workspace, owner)
    evaluator = Evaluator.of(context)
    answers = AnswersReader(evaluator, SidesSpec.of(context.params, context.champion_place, evaluator))
    prices = hourly.prices(context.params)
    newest = list(enumerate(versions[:most], 1))

    def read(numbered: tuple[int, Registered]) -> ModelDetails:
        number, one = numbered
        context.say(f"reading {one.label}, {number} of {len(newest)}")
        return _details(workspace, one, kept, answers)

    shown = []
    for (_, one), details in zip(newest, at_once.each(read, newest), strict=True):
        theirs = {name: roles.of(name).of(one.version) for name in endpoints}
        shown.append(_model(one, theirs, details, prices))
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
        limits=tuple(_limits(context.params)),
        left_out=len(versions) - len(shown),
        requests=tuple(
            one for name in endpoints for one in _requests(context.workspace_of(name), name, endpoints[name])
        ),
        currency=prices.currency,
        estimate=_estimate(workspace, training_spec.of(context), shown, prices),
    )
    return Outcome(result)


def _estimate(
    workspace: Workspace, spec: TrainingSpec, shown: Sequence[ModelRecord], prices: PriceList
) -> Estimate | None:
    """None where nothing was trained yet on such machines, or what is to be trained cannot be looked up."""
    run = shown[0].details.run if shown else None
    rows = next((item.rows for item in run.data if item.role == "train"), None) if run else None
    try:
        return estimates.of(workspace, spec, training_spec.training(workspace, spec), rows, prices)
    except MlopsError:
        return None


def _model(one: Registered, roles: Mapping[str, str], details: ModelDetails, prices: PriceList) -> ModelRecord:
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
        training_cost=_training_cost(details, prices),
    )


def _training_cost(details: ModelDetails, prices: PriceList) -> float | None:
    if details.machine_hours is None or not details.size or not details.nodes:
        return None
    return cost(details.size, details.nodes, details.machine_hours, prices.per_hour)


def _details(workspace: Workspace, one: Registered, kept: Path, answers: AnswersReader) -> ModelDetails:
    """From the folder where they are there, else from the workspace; what is not settled is not kept."""
    form = TypeAdapter(ModelDetails)
    path = kept / f"{workspace.hash}-{one.name}-{one.version}.{FORM}.json"
    try:
        return form.validate_json(path.read_bytes())
    except (OSError, ValidationError):  # not there, or of another version of this program
        found = _read_details(workspace, one)
    gaps = [gap for part in (found.run, found.evaluation) if part for gap in part.gaps]
    try:
        found = replace(found, answers=answers.of(one))
    except BadInput:
        pass  # they were never asked, or their evaluation is gone: that is settled
    except MlopsError as error:
        gaps.append(error.problems[0].what)
    if found.run and not gaps:
        with suppress(OSError):  # a folder that cannot be written only makes the next site slower
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(form.dump_json(found))
    return found


def _read_details(workspace: Workspace, one: Registered) -> ModelDetails:
    facts = lineage.facts_of(workspace, one)
    curves, hours, tags = {}, None, dict[str, str]()
    if facts.run:
        job = jobs.find(workspace, facts.run.job)
        tags = dict(job.tags) if job else {}
        hours = machine_seconds(list(steps.tree(workspace, facts.run.job))) / HOUR or None
        read = jobs.histories(workspace, facts.run.job, CURVES)
        curves = {metric: tuple(points) for metric, points in read.items()}
    known = {metric: points for metric, points in curves.items() if points}
    size, nodes = tags.get(INSTANCE_TYPE_TAG, ""), whole(tags.get(NODES_TAG)) or 0
    return ModelDetails(facts.run, facts.evaluation, known, None, hours, size, nodes)


def _requests(workspace: Workspace, environment: str, facts: EndpointFacts) -> Iterator[HourOfRequests]:
    """Of the last two days; what cannot be read is left out, and `use` of the environment says so."""
    if not facts.deployments:
        return
    now = workspace.now()
    try:
        found = traffic_metrics.by_hour(workspace, facts.name, since=now - REQUESTS_OF, until=now)
    except MlopsError:
        return
    for deployment, hours in found.items():
        for at, requests in sorted(hours.items()):
            yield HourOfRequests(environment, deployment, at, requests)


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
