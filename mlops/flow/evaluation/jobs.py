"""The evaluation of a training run's model: which conversations, which jobs, how far they are, and what they found.

Every model has a pipeline job of its own, named after what is scored on what, so it is found and not scored again. It
must not wait and must not judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from mlops.azure import compute, data, jobs, models, provenance, registry, submission
from mlops.azure.submission import Work
from mlops.domain.evaluation import rules, scoring
from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.evaluation.scoring import Act, Scored
from mlops.domain.tags import COMMIT_TAG, DATA_TAG, EVALUATES_TAG, FINGERPRINT_TAG, OWNER_TAG, REPOSITORY_TAG, RUN_TAG
from mlops.domain.training.spec import LATEST, SERVERLESS
from mlops.errors import BadInput, Problem, RemoteFailed, Unfinished
from mlops.flow.context import Context
from mlops.flow.evaluation import evidence

DISABLED = scoring.why_not(enabled=False, training_outputs=())


@dataclass(frozen=True)
class Evaluation:
    """The evaluation that a training run asks for: which questions, and the models that answer them.

    `champion` None: there is none yet, or it is the candidate itself.
    """

    context: Context
    job: str
    test: str  # name:version of the data of the run
    champion_model: Champion | None

    @classmethod
    def of(cls, context: Context, job: jobs.Job) -> "Evaluation":
        """The evaluation of a run. Raises BadInput where the run does not say which data it used."""
        stated = job.tags.get(DATA_TAG, "")
        if ":" not in stated:
            what = f"{job.name} does not say which data it used, so there is no test split to score it on"
            raise BadInput(Problem(what, "the tags of the run", fix="name a run that `mlops submit` made"))
        return cls(context, job.name, stated, evidence.champion(context))

    def again(self) -> "Evaluation":
        """The same, to be observed anew; who is champion stays as it was."""
        return replace(self)

    @property
    def asset(self) -> tuple[str, str]:
        """Name and version of the data asset with the questions."""
        name, _, version = self.test.partition(":")
        wanted = self.context.params.evaluation.conversations
        return f"{name}-{scoring.ROLE}", scoring.data_version(version, wanted)

    @cached_property
    def component_id(self) -> str:
        """The asset id of the component; a pinned one needs no look."""
        wanted, place = self.context.params.evaluation, self.context.params.model.registry
        if wanted.component_version != LATEST:
            return f"azureml://registries/{place}/components/{wanted.component}/versions/{wanted.component_version}"
        return registry.component(self.context.workspace, place, wanted.component, wanted.component_version)[0].id

    @cached_property
    def candidate(self) -> Scored:
        """The run's own model."""
        return self._scored(self.job, self.job)

    @cached_property
    def champion(self) -> Scored | None:
        """The model to beat. One that came from a run of ours is known by that, as when it was a candidate."""
        theirs = self.champion_model
        if theirs is None or (theirs.job or theirs.model) == self.job:
            return None
        return self._scored(theirs.model, theirs.job or theirs.model)

    @property
    def all(self) -> list[Scored]:
        """Whatever has to be scored."""
        return [self.candidate, *([self.champion] if self.champion else [])]

    def metrics(self, scored: Scored) -> dict[str, float]:
        """What a finished evaluation found: metrics of its runs, and those of its file that are not there (yet)."""
        if not scored.attempt:
            return {}
        name = scored.attempt.name
        found = jobs.all_metrics(self.context.workspace, name)
        return found or from_file(self.context, name)

    def _scored(self, model: str, identity: str) -> Scored:
        given = scoring.settings(self.context.params.evaluation.max_new_tokens)
        mark = scoring.fingerprint(identity, ":".join(self.asset), self.component_id, given)
        known = jobs.attempts(self.context.workspace, mark, scoring.job_name)
        return Scored(model, mark, known[-1] if known else None, scoring.attempt_of(known[-1].name) if known else 0)


def scores(context: Context, name: str, asked: Evaluation | str) -> Evidence:
    """What a run is judged by, with what its evaluation and the champion's found, as it stands now.

    Where the training component evaluated by itself, its file stands in for metrics that MLflow does not show.
    """
    found = evidence.of_run(context, name)
    if isinstance(asked, str):
        return replace(_from_training(context, found), unscored=asked)
    mine = {**found.metrics, **asked.metrics(asked.candidate)}
    theirs, by = found.champion, asked.champion or asked.candidate
    if theirs:
        theirs = replace(theirs, metrics={**theirs.metrics, **asked.metrics(by)}, evaluation=by.job)
    return replace(
        found, metrics=mine, champion=theirs, evaluation=asked.candidate.job, questions=":".join(asked.asset)
    )


def _from_training(context: Context, found: Evidence) -> Evidence:
    named = {rule.metric for rule in context.params.gate.rules}
    if named <= set(found.metrics) or scoring.OUTPUT not in found.outputs:
        return found
    return replace(found, metrics={**from_file(context, found.job), **found.metrics})


def wanted(context: Context, name: str) -> Evaluation | str:
    """The evaluation that a run asks for, or why it asks for none. Raises as `require_completed` does.

    A run that breaks a limit of the gate already is refused whatever it answers, so no machine is paid for that.
    """
    job = evidence.require_completed(context, name)
    if why := scoring.why_not(enabled=context.params.evaluation.enabled, training_outputs=job.outputs):
        return why
    found = Evaluation.of(context, job)
    broken = rules.lost(jobs.all_metrics(context.workspace, name), evidence.rules(context.params))
    return f"it is refused whatever it answers: {broken}" if broken and not found.candidate.done else found


def check(context: Context, training_outputs: Sequence[str]) -> None:
    """Raise BadInput where the evaluation that will follow a training cannot be done by the component named for it."""
    settings = context.params.evaluation
    if scoring.why_not(enabled=settings.enabled, training_outputs=training_outputs):
        return
    place = context.params.model.registry
    component, _ = registry.component(context.workspace, place, settings.component, settings.component_version)
    given = {*scoring.settings(settings.max_new_tokens), "test_data", "mlflow_model", "compute_name"}
    needed = {spec.name for spec in component.inputs.values() if not spec.optional and spec.default is None}
    lacks = sorted({*given - set(component.inputs), *{scoring.OUTPUT} - set(component.outputs)})
    place = settings.compute or context.params.training.compute
    if place.lower() != SERVERLESS and compute.find(context.workspace, place) is None:
        what = f"evaluation.compute {place} is not in the workspace"
        raise BadInput(Problem(what, str(context.params_path), fix="name a cluster that is there, or serverless"))
    if lacks or needed - given:
        what = f"evaluation.component {component.name} {component.version} cannot score a chat model"
        why = f"it has no {', '.join(lacks)}" if lacks else f"it also needs {', '.join(sorted(needed - given))}"
        fix = "use model_evaluation_pipeline, or set evaluation.enabled to false"
        raise BadInput(Problem(what, str(context.params_path), why=why, fix=fix))


def step(found: Evaluation, *, by_hand: bool) -> list[tuple[Scored, Act]]:
    """Submit what is missing; what was decided about each model. It is observed again after that."""
    decided = [(scored, scoring.decide(scored, by_hand=by_hand)) for scored in found.all]
    due = [scored for scored, act in decided if act is Act.SUBMIT]
    if due:
        _ensure_questions(found)
        for scored in due:
            _submit(found, scored)
    return decided


def require(context: Context, name: str) -> Evaluation | str:
    """The finished evaluation of a run, or why it needs none. Raises Unfinished or RemoteFailed before that."""
    found = wanted(context, name)
    if isinstance(found, str):
        return found
    open_ones = [scored for scored in found.all if not scored.done]
    failed = [scored for scored in open_ones if scored.attempt and scored.attempt.state.retryable]
    if failed:
        raise RemoteFailed([problem_of(found, scored) for scored in failed])
    if open_ones:
        state = {scored.model: scored.attempt.state if scored.attempt else "not submitted" for scored in open_ones}
        what = ", ".join(f"the evaluation of {model} is {word}" for model, word in state.items())
        raise Unfinished(Problem(what, "the workspace", fix=f"mlops evaluate --job {name}"))
    return found


def from_file(context: Context, name: str) -> dict[str, float]:
    """The metrics in the output of an evaluation; none where it has no such file."""
    text = provenance.output_text(context.workspace, name, scoring.OUTPUT, scoring.METRICS_FILE)
    return scoring.metrics_of_file(text)


def _ensure_questions(found: Evaluation) -> None:
    """The data asset with the questions, made from the test split once."""
    context, (asset, version) = found.context, found.asset
    if data.exists(context.workspace, asset, version):
        return
    name, _, test_version = found.test.partition(":")
    where = f"{data.asset_name(name, 'test')}:{test_version}"
    context.say(f"making {asset}:{version} from {where}")
    test = data.read(context.workspace, name, "test", test_version).decode("utf-8")
    text = scoring.questions(test, context.params.evaluation.conversations, where)
    tags = {OWNER_TAG: context.owner, DATA_TAG: found.test, "rows": str(text.count("\n"))}
    data.upload_text(context.workspace, asset, version, text, tags)


def _submit(found: Evaluation, scored: Scored) -> None:
    context, settings = found.context, found.context.params.evaluation
    _, component = registry.component(
        context.workspace, context.params.model.registry, settings.component, settings.component_version
    )
    context.say(f"submitting {scored.next_job}, which scores {scored.model}")
    submission.submit(context.workspace, _work(found, scored, component), scored.next_job)


def _work(found: Evaluation, scored: Scored, component: Any) -> Work:
    """What is scored on what. A file may be given where the interface says folder: the component reads either."""
    context, settings = found.context, found.context.params.evaluation
    training = context.params.training
    asset, version = found.asset
    literals = {**scoring.settings(settings.max_new_tokens), "compute_name": settings.compute or training.compute}
    if literals["compute_name"].lower() == SERVERLESS:
        literals["compute_name"] = SERVERLESS
        literals["instance_type"] = settings.instance_type or training.instance_type
    return Work(
        component=component,
        literals=literals,
        step="evaluation",
        models={"mlflow_model": _model_path(found, scored)},
        files={"test_data": f"azureml:{asset}:{version}"},
        outputs=(scoring.OUTPUT,),
        display_name=f"{scored.model} on {found.test.partition(':')[0]}",
        experiment=training.experiment,
        tags=_tags(found, scored),
    )


def _model_path(found: Evaluation, scored: Scored) -> str:
    """The output of the run that is judged; the registered model where it is the champion."""
    workspace = found.context.workspace
    if scored.model != found.job:
        name, _, version = scored.model.partition(":")
        champion = models.find(workspace, name, version)
        if champion is None:
            raise RemoteFailed(Problem(f"the champion {scored.model} is gone, so nothing can be compared with it"))
        return champion.id
    uri = jobs.output_uri(workspace, found.job, jobs.OUTPUT)
    if uri is None:
        raise RemoteFailed(Problem(f"{found.job} has no output {jobs.OUTPUT}", "the workspace"))
    return uri


def _tags(found: Evaluation, scored: Scored) -> dict[str, str]:
    context = found.context
    tags = {
        OWNER_TAG: context.owner,
        EVALUATES_TAG: scored.model,
        FINGERPRINT_TAG: scored.fingerprint,
        DATA_TAG: found.test,
        COMMIT_TAG: context.commit,
        RUN_TAG: context.run_url,
        REPOSITORY_TAG: context.repository,
    }
    return {key: value for key, value in tags.items() if value}


def problem_of(found: Evaluation, scored: Scored) -> Problem:
    """What is to be said of an evaluation that ended badly."""
    assert scored.attempt is not None, "a failed evaluation has a job"
    why = jobs.failure(found.context.workspace, scored.attempt.name)
    what = f"{scored.attempt.name}, which scores {scored.model}, is {scored.attempt.state}"
    return Problem(what, "the workspace", why=why, fix=f"`mlops evaluate --job {found.job}` starts another attempt")
