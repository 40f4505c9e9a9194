"""Looks up what a run is judged by: its metrics, those of its steps, and the champion. It must not judge by itself."""

from collections.abc import Mapping

from mlops.azure import aliases, endpoints, jobs, models
from mlops.domain.evaluation import rules as evaluation_rules
from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.tags import COMMIT_TAG, DATA_TAG, JOB_TAG, METRIC_PREFIX, RUN_TAG
from mlops.domain.training.run import JobState
from mlops.errors import BadInput, Problem, RemoteFailed, Unfinished
from mlops.flow.context import Context
from mlops.params import Params


def of_run(context: Context, job: str) -> Evidence:
    """Metrics of a run and of the champion, as they stand now. Metrics may still be on their way."""
    found = jobs.find(context.workspace, job)
    stated = found.tags if found else {}
    return Evidence(
        metrics=jobs.all_metrics(context.workspace, job),
        champion=champion(context),
        job=job,
        data=stated.get(DATA_TAG, ""),
        commit=stated.get(COMMIT_TAG, ""),
        run_url=stated.get(RUN_TAG, ""),
        outputs=found.outputs if found else (),
    )


def require_completed(context: Context, name: str) -> jobs.Job:
    """The job. Raises BadInput when it does not exist, Unfinished while it runs, RemoteFailed when it ended badly."""
    found = jobs.find(context.workspace, name)
    if found is None:
        raise BadInput(Problem(f"there is no job {name}", "the workspace", fix="run `mlops submit`"))
    if found.state is JobState.COMPLETED:
        return found
    what = f"{name} is {found.state}; only a completed run can be judged"
    if not found.state.ended:
        raise Unfinished(Problem(what, "the workspace", fix=f"mlops watch --job {name}"))
    raise RemoteFailed(Problem(what, "the workspace", fix="`mlops submit` starts a new attempt"))


def champion(context: Context) -> Champion | None:
    """The model that serves the last environment of this workspace; None when there never was one.

    Traffic says who it is, and in the middle of a canary the larger share. Where the endpoint is gone, the alias says.
    A champion that cannot be read has no metrics, so that what is compared with it refuses.
    """
    environment = last_environment(context.params)
    label = serving(context, environment) or _by_alias(context, environment)
    if label is None:
        return None
    name, _, version = label.partition(":")
    model = models.find(context.workspace, name, version)
    if model is None:
        return Champion(label, environment)
    return Champion(label, environment, metrics_of(model.tags), model.tags.get(DATA_TAG, ""), _made_by(model))


def _made_by(model: models.Registered) -> str:
    return model.tags.get(JOB_TAG) or model.job


def last_environment(params: Params) -> str:
    """The last environment of this workspace; one that takes its models from a registry is in another."""
    names = list(params.environments)
    return next((name for name in reversed(names) if params.environments[name].registry is None), names[-1])


def serving(context: Context, environment: str) -> str | None:
    """The model with the largest share of an environment's traffic, as name:version."""
    facts = endpoints.observe(context.workspace, context.endpoint_name(environment), context.owner)
    shares = [(facts.traffic.get(item.name, 0), item.model) for item in facts.deployments]
    share, label = max(shares, key=lambda pair: pair[0], default=(0, ""))
    return label if share > 0 else None


def _by_alias(context: Context, environment: str) -> str | None:
    name = context.params.model.name
    version = aliases.read(context.workspace, name).of(environment).champion
    return f"{name}:{version}" if version else None


def metrics_of(tags: Mapping[str, str]) -> dict[str, float]:
    """The metrics that a registered model carries as tags; what is no number there counts as missing."""
    found: dict[str, float] = {}
    for key, text in tags.items():
        if key.startswith(METRIC_PREFIX):
            try:
                found[key.removeprefix(METRIC_PREFIX)] = float(text)
            except ValueError:
                continue
    return found


def judge(context: Context, evidence: Evidence) -> evaluation_rules.Verdict:
    """The verdict on what was found, by the rules of params.yaml."""
    theirs = evidence.champion
    return evaluation_rules.judge(evidence.metrics, None if theirs is None else theirs.metrics, rules(context.params))


def rules(params: Params) -> list[evaluation_rules.Rule]:
    """The gate's rules as the domain knows them."""
    return [evaluation_rules.Rule(**rule.model_dump()) for rule in params.gate.rules]
