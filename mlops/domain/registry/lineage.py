"""From what is live back to where it came from, as a graph: nodes, edges, and what could not be found.

It must not look anything up; `mlops.flow.registry.lineage` gives the facts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops.domain.asset_ids import parameters_digest
from mlops.domain.evaluation.evidence import metrics_of
from mlops.domain.promote import audit
from mlops.domain.registry import passed
from mlops.domain.tags import (
    COMMIT_TAG,
    FINGERPRINT_TAG,
    RECIPE_TAG,
    REGISTERED_BY_TAG,
    ROWS_PREFIX,
    SOURCE_PREFIX,
    VERDICT_TAG,
    VERDICT_WHY_TAG,
)

SHORT_COMMIT = 12
_SOURCE = re.compile(r"(?P<name>.*): (?P<kept>\d+)(?: of (?P<read>\d+))? rows kept", re.DOTALL)  # the form of the tag


@dataclass(frozen=True)
class DataFacts:
    """One file of a data version: its role (train, validation, test), the asset as `name:version`, and its tags."""

    role: str
    asset: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int | None:
        """How many rows; None when it does not say."""
        return whole(self.tags.get(f"{ROWS_PREFIX}{self.role}", ""))

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the rows of the whole version came from."""
        found = [
            (key.removeprefix(SOURCE_PREFIX), text) for key, text in self.tags.items() if key.startswith(SOURCE_PREFIX)
        ]
        found.sort(key=lambda item: (not item[0].isdecimal(), whole(item[0]) or 0))
        return tuple(text for _, text in found)


@dataclass(frozen=True)
class RunFacts:
    """One training run and what went into it. Empty text is what nobody knows; `gaps` says so in sentences."""

    job: str
    state: str = ""
    commit: str = ""
    repository: str = ""
    run_url: str = ""
    component: str = ""
    base: str = ""
    base_id: str = ""
    licence: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    data: tuple[DataFacts, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The digest of the parameters; empty when they are not known."""
        return parameters_digest(self.parameters) if self.parameters else ""


@dataclass(frozen=True)
class EvaluationFacts:
    """The job in which a model answered held-out conversations: on which, made from which test file, and its metrics.

    `questions` and `test` are assets as `name:version`. Empty text is what nobody knows; `gaps` says so in sentences.
    """

    job: str
    state: str = ""
    component: str = ""
    questions: str = ""
    rows: int | None = None
    test: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelFacts:
    """One registered version, its tags, the run that made it, and the evaluation that it was judged by."""

    label: str
    tags: Mapping[str, str] = field(default_factory=dict)
    run: RunFacts | None = None
    evaluation: EvaluationFacts | None = None


@dataclass(frozen=True)
class Served:
    """One deployment: the model on it and its share of the endpoint's traffic in percent."""

    endpoint: str
    deployment: str
    share: int
    model: str


@dataclass(frozen=True)
class Node:
    """A thing: `id` is `kind:name` and unique in the graph."""

    kind: str
    name: str
    facts: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What edges name it by."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class Edge:
    """A relation between two nodes, by their ids: from what is live to what it was made from."""

    start: str
    end: str
    relation: str


@dataclass(frozen=True)
class Graph:
    """Each thing once, how they are related, and in sentences what could not be found."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    gaps: tuple[str, ...] = ()


class _Builder:
    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: dict[Edge, None] = {}
        self.gaps: dict[str, None] = {}

    def add(self, kind: str, name: str, **facts: str | float | None) -> Node:
        node = Node(kind, name, {key: value for key, value in facts.items() if value is not None and value != ""})
        return self.nodes.setdefault(node.id, node)

    def link(self, start: Node, end: Node, relation: str) -> None:
        self.edges[Edge(start.id, end.id, relation)] = None


def graph(served: Sequence[Served], models: Sequence[ModelFacts]) -> Graph:
    """Everything that the facts say, each thing once. A model that is served and not among `models` is a gap."""
    made = _Builder()
    known = {facts.label: _model(made, facts) for facts in models}
    for item in served:
        endpoint = made.add("endpoint", item.endpoint)
        deployment = made.add("deployment", f"{item.endpoint}/{item.deployment}", traffic=item.share)
        made.link(endpoint, deployment, f"{item.share} % of the traffic")
        made.link(deployment, known.get(item.model) or made.add("model", item.model), "serves")
        if item.model not in known:
            made.gaps[f"the model {item.model} is not registered in this workspace"] = None
    return Graph(tuple(made.nodes.values()), tuple(made.edges), tuple(made.gaps))


def _model(made: _Builder, facts: ModelFacts) -> Node:
    tags = facts.tags
    verdict = tags.get(VERDICT_TAG, "")
    held = {f"held_in_{name}": entry.told for name, entry in audit.held_in(tags).items()}
    model = made.add("model", facts.label, fingerprint=tags.get(FINGERPRINT_TAG, ""), verdict=verdict, **held)
    if verdict:
        why, name = tags.get(VERDICT_WHY_TAG, ""), f"{verdict} for {facts.label}"
        judged = made.add("verdict", name, by=tags.get(REGISTERED_BY_TAG, ""), why=why, **metrics_of(tags))
        made.link(model, judged, "passed")
        _passed(made, facts, model, judged)
    else:
        made.gaps[f"{facts.label} carries no verdict"] = None
    if facts.run is None:
        made.gaps[f"{facts.label} does not say which run made it"] = None
    else:
        made.link(model, _run(made, facts.run), "made by")
    if facts.evaluation:
        made.link(model, _evaluation(made, facts.evaluation), "evaluated by")
    return model


def _passed(made: _Builder, facts: ModelFacts, model: Node, judged: Node) -> None:
    """The environments that it passed, each after the one before, back to the gate: who, when, why, and what of it."""
    before = judged
    for environment, one in passed.every(facts.tags).items():
        node = made.add(
            "promotion",
            f"{facts.label} in {environment}",
            at=one.at.isoformat(timespec="seconds"),
            by=one.by,
            why=one.why,
            approved_by=one.approved,
            smoke_rouge_l=one.smoke,
            canary_judgements=one.canary,
            data=one.data,
            serving=one.serving,
            skipped=one.skipped,
        )
        made.link(node, before, "after")
        before = node
    if before is not judged:
        made.link(model, before, "passed")


def _evaluation(made: _Builder, facts: EvaluationFacts) -> Node:
    measured = dict(sorted(facts.metrics.items()))
    job = made.add("evaluation", facts.job, state=facts.state, **measured)
    for gap in facts.gaps:
        made.gaps[gap] = None
    if facts.component:
        made.link(job, made.add("component", facts.component), "runs")
    if facts.questions:
        asked = made.add("data", facts.questions, rows=facts.rows)
        made.link(job, asked, "answers")
        if facts.test:
            made.link(asked, made.add("data", facts.test), "made from")
    return job


def _run(made: _Builder, run: RunFacts) -> Node:
    job = made.add("run", run.job, state=run.state)
    for gap in run.gaps:
        made.gaps[gap] = None
    if run.base:
        made.link(job, made.add("base model", run.base, id=run.base_id, licence=run.licence), "fine-tunes")
    if run.component:
        made.link(job, made.add("component", run.component), "runs")
    if run.parameters:
        made.link(job, made.add("parameters", run.digest, **run.parameters), "with")
    for item in run.data:
        data = made.add("data", item.asset, rows=item.rows)
        made.link(job, data, item.role)
        _origin(made, data, item)
    if run.commit:
        commit = made.add("commit", run.commit[:SHORT_COMMIT], sha=run.commit, repository=run.repository)
        made.link(job, commit, "submitted from")
    else:
        made.gaps[f"{run.job} does not say from which commit it was submitted"] = None
    if run.run_url:
        made.link(job, made.add("workflow run", run.run_url), "submitted by")
    return job


def _origin(made: _Builder, data: Node, item: DataFacts) -> None:
    """All files of one preparation come from the same sources."""
    if not item.sources:
        made.gaps[f"{item.asset} does not say where its rows came from"] = None
        return
    recipe = next(iter(item.tags.get(RECIPE_TAG, "").split()), item.asset)
    preparation = made.add("preparation", recipe, commit=item.tags.get(COMMIT_TAG, ""))
    made.link(data, preparation, "prepared by")
    for source in item.sources:
        found = _SOURCE.fullmatch(source)
        counts = {key: whole(found[key]) for key in ("kept", "read")} if found else {}
        made.link(preparation, made.add("source", found["name"] if found else source, **counts), "reads")


def whole(text: str | None) -> int | None:
    """A whole number that stands in a tag; None for anything else."""
    return int(text) if text and text.isdecimal() else None
