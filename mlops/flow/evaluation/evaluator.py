"""The evaluation of a training run's model: which conversations, which jobs, how far they are, and what they found.

Every model has a pipeline job of its own, named after what is scored on what, so it is found and not scored again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import starmap

from mlops.azure import at_once, jobs, provenance, registry, run_tree
from mlops.azure.workspace import Workspace
from mlops.domain.asset_ids import label
from mlops.domain.evaluation import rules, scoring
from mlops.domain.evaluation.answers import PREDICTIONS, TIMES, Heard, ModelAnswers, exchanges, score
from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.evaluation.probes.of_conversations import Checks
from mlops.domain.evaluation.scoring import Scored
from mlops.domain.evaluation.spec import EvaluationSpec
from mlops.domain.tags import DATA_TAG
from mlops.domain.training.run import Trigger
from mlops.domain.training.spec import LATEST
from mlops.errors import BadInput, Problem, RemoteFailed, Unfinished
from mlops.flow.context import Context
from mlops.flow.evaluation import evaluation_spec, evidence, interfaces, questions
from mlops.flow.evaluation.reads import Reads, from_file
from mlops.flow.outcome import Skipped

PREDICTION_STEP, METRICS_STEP = "model_prediction", "compute_metrics"


@dataclass(frozen=True)
class Evaluator:
    """What evaluations need: the workspace, what params.yaml asks for, who asks, and a way to say what happens.

    `checks` gives those of the team's own conversations.
    """

    workspace: Workspace
    spec: EvaluationSpec
    trigger: Trigger
    say: Callable[[str], None]
    checks: Callable[[], Checks] = dict

    @cached_property
    def reads(self) -> Reads:
        """Its metrics."""
        known = (self.spec.component, self.spec.metrics_component) in evaluation_spec.SCORES
        return Reads(self.workspace, METRICS_STEP if known else "")  # steps of others may log anywhere

    @classmethod
    def of(cls, context: Context) -> "Evaluator":
        """The one of a command."""

        @cache
        def checks() -> Checks:
            from mlops.flow.evaluation import conversation_checks  # reads rows, which most commands do not

            return conversation_checks.stated(context.project)

        return cls(context.workspace, evaluation_spec.of(context), context.trigger, context.say, checks)

    def wanted(self, name: str, *, to_judge: bool = False) -> "RequestedEvaluation | Skipped":
        """The evaluation that a run asks for, or why it asks for none. Raises as `require_completed` does.

        A run that breaks a limit of the gate already is refused whatever it answers, so no machine is paid for that.
        `to_judge`: all its metrics are read, for they will be judged; else those that have a limit.
        """
        job = evidence.require_completed(self.workspace, name)
        if why := scoring.why_not(enabled=self.spec.enabled):
            return Skipped(why)
        limits = self.spec.gate.rules

        def metrics() -> Mapping[str, float]:
            if to_judge:
                return self.reads.ahead(name)[0]
            named, seen = rules.limited(limits), jobs.handed_metrics(self.workspace, name)
            enough = named <= seen.keys() and not rules.lost(seen, limits)  # what breaks a limit is read again
            return seen if enough else self.reads.some(name, named)

        found, measured = at_once.both(lambda: self.evaluation(job), metrics)
        broken = rules.lost(measured, limits)
        return Skipped(f"it is refused whatever it answers: {broken}") if broken and not found.candidate.done else found

    def evaluation(self, job: jobs.Job) -> "RequestedEvaluation":
        """That of a run. Raises BadInput where the run does not say which data it used."""
        stated = job.tags.get(DATA_TAG, "")
        if ":" not in stated:
            what = f"{job.name} does not say which data it used, so there is no test split to score it on"
            raise BadInput(Problem(what, "the tags of the run", fix="name a run that `mlops submit` made"))
        made = provenance.made_of(self.workspace, job.name) if self.spec.gate.asks_base else None
        base = made.assets.get("mlflow_model_path", "") if made else ""
        return RequestedEvaluation(self, job.name, stated, evidence.champion(self.workspace, self.spec.champion), base)

    def require(self, name: str) -> "RequestedEvaluation | Skipped":
        """The finished evaluation of a run, or why it needs none. Raises Unfinished or RemoteFailed before that."""
        found = self.wanted(name, to_judge=True)
        if isinstance(found, Skipped):
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

    def evidence(self, name: str, asked: "RequestedEvaluation | Skipped") -> Evidence:
        """What a run is judged by, with what its evaluation and the champion's found, as it stands now.

        Where only the training component evaluated, its file stands in for metrics that MLflow does not show.
        """
        champion = (
            evidence.champion(self.workspace, self.spec.champion)
            if isinstance(asked, Skipped)
            else asked.champion_model
        )
        found = evidence.of_run(self.workspace, name, self.reads.of_run(name), champion)
        if isinstance(asked, Skipped):
            return replace(self._from_training(found), unscored=asked.reason)
        theirs, by = found.champion, asked.champion or asked.candidate
        of = dict.fromkeys((asked.candidate, by) if theirs else (asked.candidate,))
        run_tree.read_ended(self.workspace, [scored.job for scored in asked.all if scored.done])
        answers, measures = at_once.both(asked.every_answer, lambda: at_once.each(asked.metrics, of))
        measured_of = dict(zip(of, measures, strict=True))
        mine = {**found.metrics, **measured_of[asked.candidate], **_means(answers, "candidate")}
        if theirs:
            measured = {**theirs.metrics, **measured_of[by], **_means(answers, "champion")}
            theirs = replace(theirs, metrics=measured, evaluation=by.job)
        questions = ":".join(asked.asset)
        return replace(
            found,
            metrics=mine,
            champion=theirs,
            evaluation=asked.candidate.job,
            questions=questions,
            answers=answers,
        )

    def _from_training(self, found: Evidence) -> Evidence:
        named = {rule.metric for rule in self.spec.gate.rules}
        if named <= set(found.metrics) or scoring.OUTPUT not in found.outputs:
            return found
        return replace(found, metrics={**from_file(self.workspace, found.job), **found.metrics})

    def check(self) -> None:
        """Raise BadInput where the evaluation after a training cannot be done by what is named for it."""
        if self.spec.enabled:
            interfaces.check(self.workspace, self.spec)


@dataclass(frozen=True)
class RequestedEvaluation:
    """The evaluation that a training run asks for: which questions, and the models that answer them.

    `test` is name:version of the data of the run. `champion_model` None: there is none yet. `base_id` is the asset id
    of the model that the run started from, empty where nothing is compared with it.
    """

    evaluator: Evaluator
    job: str
    test: str
    champion_model: Champion | None
    base_id: str = ""

    def again(self) -> "RequestedEvaluation":
        """The same, to be observed anew; who is champion stays as it was."""
        return replace(self)

    @property
    def asset(self) -> tuple[str, str]:
        """Name and version of the data asset with the questions."""
        spec, (name, _, version) = self.evaluator.spec, self.test.partition(":")
        return f"{name}-{scoring.ROLE}", scoring.data_version(version, spec.conversations, spec.probes)

    @cached_property
    def component_id(self) -> str:
        """The asset id of the component, or of both with a plus between; a pinned one needs no look."""
        spec = self.evaluator.spec
        named = [(spec.component, spec.component_version)]
        if spec.metrics_component:
            named.append((spec.metrics_component, spec.metrics_component_version))
        return "+".join(starmap(self._id, named))

    def _id(self, name: str, version: str) -> str:
        stated = self.evaluator.spec.registry
        if version != LATEST:
            return f"azureml://registries/{stated}/components/{name}/versions/{version}"
        return registry.component(self.evaluator.workspace, stated, name, version).id

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

    @cached_property
    def base(self) -> Scored | None:
        """The model that the training started from, where the gate compares with it."""
        return self._scored(label(self.base_id), self.base_id) if self.base_id else None

    @property
    def all(self) -> list[Scored]:
        """Whatever has to be scored."""
        _ = self.component_id
        others: tuple[Callable[[], Scored | None], ...] = (lambda: self.champion, lambda: self.base)
        candidate, found = at_once.both(lambda: self.candidate, lambda: at_once.each(_called, others))
        return [candidate, *(scored for scored in found if scored)]

    @cached_property
    def questions(self) -> str:
        """The file of the questions, as it was asked."""
        return questions.read(self.evaluator.workspace, self.job, *self.asset)

    def heard(self, scored: Scored) -> Heard | None:
        """What a model said, with its scores; None as before. Raises RemoteFailed where it does not fit the questions.

        What was read is kept: a finished job's answers do not change.
        """
        self._hear([scored])
        return self._heard.get(scored.job)

    def _hear(self, wanted: Sequence[Scored]) -> None:
        """Read what several said that was not read yet, and the questions, side by side."""
        new = {scored.job: scored for scored in wanted if scored.job not in self._heard}
        if not new:
            return
        workspace = self.evaluator.workspace
        texts, _ = at_once.both(
            lambda: provenance.step_output_texts(workspace, list(new), PREDICTION_STEP, (PREDICTIONS, TIMES)),
            lambda: self.questions,
        )
        for scored in new.values():
            said, times = texts[scored.job]
            if said is None:  # its job left none (yet)
                continue
            try:
                found = exchanges(self.questions, said, times)
                answers = score(scored.model, scored.job, found, self.evaluator.spec.probes, self.evaluator.checks())
            except ValueError as error:
                raise RemoteFailed(Problem(f"the answers of {scored.job} cannot be used", why=str(error))) from None
            self._heard[scored.job] = Heard(found, answers)

    def all_heard(self) -> dict[str, Heard]:
        """What each model said, as far as it is there; a champion that is the candidate said the same."""
        self._hear([scored for scored in self.all if scored.done])
        roles = {"candidate": self.candidate, "champion": self.champion, "base": self.base}
        found = {role: self._heard.get(scored.job) for role, scored in roles.items() if scored and scored.done}
        if self.champion is None and self.champion_model is not None:
            found["champion"] = found.get("candidate")
        return {role: said for role, said in found.items() if said}

    def every_answer(self) -> dict[str, ModelAnswers]:
        """The scores of that."""
        return {role: said.answers for role, said in self.all_heard().items()}

    @cached_property
    def _heard(self) -> dict[str, Heard]:
        return {}

    def metrics(self, scored: Scored) -> dict[str, float]:
        """What a finished evaluation found."""
        return self.evaluator.reads.of_evaluation(scored.attempt.name) if scored.attempt else {}

    def _scored(self, model: str, identity: str) -> Scored:
        given = scoring.settings(self.evaluator.spec.max_new_tokens)
        mark = scoring.fingerprint(identity, ":".join(self.asset), self.component_id, given)
        owner = self.evaluator.spec.owner
        known = jobs.attempts(self.evaluator.workspace, mark, owner, scoring.job_name, once=True)
        own = [one for one in known if one.ours]
        return Scored(model, mark, own[-1] if own else None, scoring.attempt_of(known[-1].name) if known else 0)


def _called(read: Callable[[], Scored | None]) -> Scored | None:
    return read()


def _means(answers: Mapping[str, ModelAnswers], role: str) -> dict[str, float]:
    """Of the held-out conversations alone: what the component logs is of the probes, too."""
    return answers[role].means if role in answers else {}


def problem_of(found: RequestedEvaluation, scored: Scored) -> Problem:
    """What is to be said of an evaluation that ended badly."""
    assert scored.attempt is not None, "a failed evaluation has a job"
    why = jobs.failure(found.evaluator.workspace, scored.attempt.name)
    what = f"{scored.attempt.name}, which scores {scored.model}, is {scored.attempt.state}"
    return Problem(what, "the workspace", why=why, fix=f"`mlops evaluate --job {found.job}` starts another attempt")
