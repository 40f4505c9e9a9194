"""`mlops lineage`: walks from what is live back to commit, parameters, data rows and sources.

It must not change anything, and what it does not find it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops.azure import aliases, at_once, data, endpoints, jobs, models, provenance, registry
from mlops.azure.provenance import Made
from mlops.azure.workspace import Workspace
from mlops.domain.asset_ids import label, parse_model, registry_of
from mlops.domain.environments.workspace_name import WorkspaceName
from mlops.domain.promote.endpoint import EndpointState
from mlops.domain.registry.lineage import (
    DataFacts,
    EvaluationFacts,
    Graph,
    ModelFacts,
    RunFacts,
    Served,
    graph,
    whole,
)
from mlops.domain.tags import BASE_MODEL_TAG, COMMIT_TAG, DATA_TAG, EVALUATION_TAG, JOB_TAG, REPOSITORY_TAG, RUN_TAG
from mlops.domain.training.spec import LATEST
from mlops.errors import BadInput, MlopsError, Problem
from mlops.flow.context import Context
from mlops.flow.evaluation.evaluation_spec import last_environment
from mlops.flow.outcome import Outcome

QUESTIONS_INPUT = "test_data"  # of the evaluation component


@dataclass(frozen=True)
class LineageResult:
    """What was asked for, the models (`name:version`) that it stands for, and the graph that leads back from them."""

    what: str
    models: tuple[str, ...]
    graph: Graph


@dataclass(frozen=True)
class LineageSpec:
    """Environment -> endpoint, the name of our models, and the environment whose champion stands for a bare name.

    `places` are those of the endpoints that are in another workspace than the models.
    """

    endpoints: Mapping[str, str]
    places: Mapping[str, WorkspaceName]
    owner: str
    last_environment: str

    @classmethod
    def of(cls, context: Context) -> "LineageSpec":
        """The one of a command."""
        named = {name: context.endpoint_name(name) for name in context.params.environments}
        places = {named[name]: context.place(name) for name in named}
        return cls(named, places, context.owner, last_environment(context.params))


def run(context: Context, what: str) -> Outcome[LineageResult]:
    """The lineage of a model (`NAME:VERSION`, or `NAME` for its champion or newest), an endpoint or an environment."""
    workspace = context.workspace
    served, labels = _start(workspace, LineageSpec.of(context), what)
    models = tuple(dict.fromkeys(labels))
    return Outcome(LineageResult(what, models, graph(served, [_model(workspace, one) for one in models])))


def of_run(workspace: Workspace, job: jobs.Job) -> RunFacts:
    """What a run was made of: from its inputs as the workspace kept them, and from its tags where only those know."""
    made = provenance.made_of(workspace, job.name)
    gaps: list[str] = []
    if made is None:
        gaps.append(f"the inputs of {job.name} cannot be read")
        made = Made("")
    base_id = made.assets.get("mlflow_model_path", "")
    of_base: list[str] = []
    of_data: list[str] = []
    licence, files = at_once.both(
        lambda: _licence(workspace, base_id, of_base), lambda: _data(workspace, made, of_data)
    )
    return RunFacts(
        job=job.name,
        state=job.state.value,
        commit=job.tags.get(COMMIT_TAG, ""),
        repository=job.tags.get(REPOSITORY_TAG, ""),
        run_url=job.tags.get(RUN_TAG, ""),
        component=label(made.component) if made.component else "",
        base=label(base_id) if base_id else job.tags.get(BASE_MODEL_TAG, ""),
        base_id=base_id,
        licence=licence,
        parameters=made.parameters,
        data=tuple(files),
        gaps=(*gaps, *of_base, *of_data),
    )


def _start(workspace: Workspace, spec: LineageSpec, what: str) -> tuple[list[Served], list[str]]:
    named, version = parse_model(what)
    if version:
        newest = version == LATEST
        return [], [_newest(workspace, spec, named, champion=False) if newest else f"{named}:{version}"]
    what = what.strip()
    name = spec.endpoints.get(what, what)
    where = workspace.at(spec.places.get(name, WorkspaceName()))
    if what in spec.endpoints or name in endpoints.names(where):
        facts = endpoints.observe(where, name, spec.owner)
        if facts.state is EndpointState.ABSENT and what in spec.endpoints:
            fix = f"mlops promote {what}"
            raise BadInput(Problem(f"{what} has no endpoint: there is no {name}", "the workspace", fix=fix))
        served = [Served(name, one.name, facts.share(one.name), one.model) for one in facts.deployments]
        if not served:
            raise BadInput(Problem(f"the endpoint {name} has no deployment", "the workspace", fix="mlops promote"))
        return served, [item.model for item in served]
    return [], [_newest(workspace, spec, named, champion=True)]


def _newest(workspace: Workspace, spec: LineageSpec, name: str, *, champion: bool) -> str:
    """The champion of the last environment where that is asked for and is one, else the newest version."""
    known = models.versions(workspace, name)
    if not known:
        fix = f"name a model as NAME or NAME:VERSION, an endpoint, or one of: {', '.join(spec.endpoints)}"
        raise BadInput(Problem(f"there is no model and no endpoint {name!r}", "the workspace", fix=fix))
    live = aliases.read(workspace, name).of(spec.last_environment).champion if champion else ""
    return f"{name}:{live}" if live else known[0].label


def _model(workspace: Workspace, model: str) -> ModelFacts:
    name, _, version = model.partition(":")
    found = models.find(workspace, name, version) if name and version else None
    if found is None:
        known = ", ".join(one.label for one in models.versions(workspace, name)[:5]) or "none"
        raise BadInput(Problem(f"there is no model {model}", "the workspace", fix=f"registered are: {known}"))
    return facts_of(workspace, found)


def facts_of(workspace: Workspace, found: models.Registered) -> ModelFacts:
    """What a registered version was made from and judged by."""
    trained_by, evaluated_by = found.tags.get(JOB_TAG) or found.job, found.tags.get(EVALUATION_TAG)
    run, evaluation = at_once.both(
        lambda: _run(workspace, trained_by) if trained_by else None,
        lambda: _evaluation(workspace, evaluated_by) if evaluated_by else None,
    )
    return ModelFacts(found.label, found.tags, run, evaluation)


def _run(workspace: Workspace, name: str) -> RunFacts | None:
    job = jobs.find(workspace, name)
    return of_run(workspace, job) if job else None


def _evaluation(workspace: Workspace, name: str) -> EvaluationFacts:
    """The evaluation job that a model names, as the workspace kept it."""
    job, made = jobs.find(workspace, name), provenance.made_of(workspace, name)
    if job is None:
        return EvaluationFacts(name, gaps=(f"the evaluation {name} is gone",))
    questions = label(made.assets.get(QUESTIONS_INPUT, "")) if made else ""
    asset, _, version = questions.partition(":")
    stated = (data.tags(workspace, asset, version) if version else None) or {}
    test, _, test_version = (stated.get(DATA_TAG) or job.tags.get(DATA_TAG, "")).partition(":")
    return EvaluationFacts(
        name,
        job.state.value,
        label(made.component) if made and made.component else "",
        questions,
        whole(stated.get("rows")),
        f"{data.asset_name(test, 'test')}:{test_version}" if test_version else "",
        jobs.all_metrics(workspace, name),
        () if questions else (f"the inputs of {name} cannot be read",),
    )


def _licence(workspace: Workspace, base_id: str, gaps: list[str]) -> str:
    place = registry_of(base_id)
    if not place:
        return ""
    name, _, version = label(base_id).partition(":")
    try:
        found = registry.base_model(workspace, place, name, version).licence()
    except MlopsError as error:  # a registry that is out of reach must not hide the rest
        gaps.append(f"the base model {name}:{version} cannot be read: {error.problems[0].what}")
        return ""
    if not found:
        gaps.append(f"{name}:{version} names no licence")
    return found


def _data(workspace: Workspace, made: Made, gaps: list[str]) -> list[DataFacts]:
    named = {role: label(uri) for role in data.ROLES if (uri := made.assets.get(f"{role}_file_path", ""))}

    def tags(asset: str) -> dict[str, str] | None:
        name, _, version = asset.partition(":")
        return data.tags(workspace, name, version) if version else None

    stated = dict(zip(named, at_once.each(tags, named.values()), strict=True))
    gaps += [
        f"the data {asset} is gone, or no asset of the workspace"
        for role, asset in named.items()
        if stated[role] is None
    ]
    return [DataFacts(role, asset, stated[role] or {}) for role, asset in named.items()]
