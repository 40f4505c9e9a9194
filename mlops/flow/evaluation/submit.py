"""Submits what an evaluation lacks: the questions as a data asset, and for each model the job in which it answers."""

from functools import partial

from mlops.azure import at_once, data, job_outputs, jobs, models, registry, submission
from mlops.azure.submission import Following, StepMachines, Work
from mlops.domain.evaluation import scoring
from mlops.domain.evaluation.scoring import Scored, ScoringAction
from mlops.domain.tags import COMMIT_TAG, DATA_TAG, EVALUATES_TAG, FINGERPRINT_TAG, OWNER_TAG, REPOSITORY_TAG, RUN_TAG
from mlops.domain.training.run import parse_job_name
from mlops.domain.training.spec import SERVERLESS
from mlops.errors import Problem, RemoteFailed
from mlops.flow.evaluation import questions
from mlops.flow.evaluation.evaluator import METRICS_STEP, PREDICTION_STEP, RequestedEvaluation


def step(found: RequestedEvaluation, *, by_hand: bool) -> list[tuple[Scored, ScoringAction]]:
    """Submit what is missing; what was decided about each model. It is observed again after that."""
    decided = [(scored, scoring.decide(scored, by_hand=by_hand)) for scored in found.all]
    due = [scored for scored, act in decided if act is ScoringAction.SUBMIT]
    if due:
        _, works = at_once.both(lambda: _ensure_questions(found), lambda: [_work(found, scored) for scored in due])
        for scored, work in zip(due, works, strict=True):
            _submit(found, scored, work)
    return decided


def _ensure_questions(found: RequestedEvaluation) -> None:
    """The data asset with the questions, made from the test split once."""
    workspace, spec = found.evaluator.workspace, found.evaluator.spec
    asset, version = found.asset
    if data.exists(workspace, asset, version):
        return
    name, _, test_version = found.test.partition(":")
    where = f"{data.asset_name(name, 'test')}:{test_version}"
    found.evaluator.say(f"making {asset}:{version} from {where}")
    test = data.read(workspace, name, "test", test_version).decode("utf-8")
    text = scoring.questions(test, spec.conversations, where, spec.probes)
    tags = {OWNER_TAG: spec.owner, DATA_TAG: found.test, "rows": str(text.count("\n"))}
    data.upload_text(workspace, asset, version, text, tags)
    questions.keep(workspace, found.job, version, text)


def _submit(found: RequestedEvaluation, scored: Scored, work: Work) -> None:
    workspace = found.evaluator.workspace
    found.evaluator.say(f"submitting {scored.next_job}, which scores {scored.model}")
    named, say = partial(scoring.job_name, scored.fingerprint), found.evaluator.say
    number, _, _ = submission.submit_next(workspace, work, named, scored.attempts + 1, say)
    jobs.expect(workspace, scored.fingerprint, number, scoring.job_name)


def _following(found: RequestedEvaluation) -> Following | None:
    """The step that computes the metrics, where the first predicts alone."""
    spec = found.evaluator.spec
    if spec.metrics_component is None:
        return None
    component = registry.component(
        found.evaluator.workspace, spec.registry, spec.metrics_component, spec.metrics_component_version
    )
    literals = scoring.metrics_settings(spec.max_new_tokens)
    return Following(component, METRICS_STEP, literals, scoring.HANDED_OVER)


def _work(found: RequestedEvaluation, scored: Scored) -> Work:
    """What is scored on what. A file may be given where the interface says folder: the component reads either."""
    workspace, spec, (asset, version) = found.evaluator.workspace, found.evaluator.spec, found.asset
    component = registry.component(workspace, spec.registry, spec.component, spec.component_version)
    following = _following(found)
    serverless = spec.compute.lower() == SERVERLESS
    where = SERVERLESS if serverless else spec.compute
    literals = {**scoring.settings(spec.max_new_tokens), "compute_name": where}
    if serverless:
        literals["instance_type"] = spec.instance_type
    return Work(
        component=component,
        registry=spec.registry,
        literals=literals,
        step=PREDICTION_STEP if following else "evaluation",
        models={"mlflow_model": _model_path(found, scored)},
        files={"test_data": f"azureml:{asset}:{version}"},
        outputs=(scoring.OUTPUT,),
        display_name=f"{scored.model} on {found.test.partition(':')[0]}",
        experiment=spec.experiment,
        tags=_tags(found, scored),
        machines=StepMachines(where, spec.instance_type if serverless else "", 1) if following else None,
        following=following,
    )


def _model_path(found: RequestedEvaluation, scored: Scored) -> str:
    """The output of a run; the registered model of the champion; the registry's model for the base."""
    workspace = found.evaluator.workspace
    if found.base is not None and scored.fingerprint == found.base.fingerprint:
        return found.base_id
    if parse_job_name(scored.model) is None:
        name, _, version = scored.model.partition(":")
        champion = models.find(workspace, name, version)
        if champion is None:
            raise RemoteFailed(Problem(f"the champion {scored.model} is gone, so nothing can be compared with it"))
        return champion.id
    uri = job_outputs.output_uri(workspace, scored.model, jobs.OUTPUT)
    if uri is None:
        raise RemoteFailed(Problem(f"{scored.model} has no output {jobs.OUTPUT}", "the workspace"))
    return uri


def _tags(found: RequestedEvaluation, scored: Scored) -> dict[str, str]:
    trigger = found.evaluator.trigger
    tags = {
        OWNER_TAG: found.evaluator.spec.owner,
        EVALUATES_TAG: scored.model,
        FINGERPRINT_TAG: scored.fingerprint,
        DATA_TAG: found.test,
        COMMIT_TAG: trigger.commit,
        RUN_TAG: trigger.run_url,
        REPOSITORY_TAG: trigger.repository,
    }
    return {key: value for key, value in tags.items() if value}
