"""`mlops compare`: what two models answered to the same questions, the biggest losses and gains first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from mlops import clock
from mlops.azure import models, provenance
from mlops.domain.asset_ids import label, parse_model
from mlops.domain.evaluation.answers import Heard
from mlops.domain.evaluation.evidence import Champion
from mlops.domain.evaluation.paired import Paired
from mlops.domain.evaluation.scoring import Scored
from mlops.domain.evaluation.side_by_side import ChangedAnswer, differences, losses_and_gains
from mlops.domain.evaluation.spec import ChampionPlace
from mlops.domain.tags import DATA_TAG, JOB_TAG
from mlops.domain.training.run import parse_job_name
from mlops.errors import BadInput, Problem, RemoteFailed, Unfinished
from mlops.flow import interrupt
from mlops.flow.context import Context
from mlops.flow.evaluation import evaluate, evidence, submit
from mlops.flow.evaluation.evaluator import Evaluator, RequestedEvaluation, problem_of
from mlops.flow.outcome import Outcome
from mlops.params import Params

BASE, LIVE = "base", "live"
BASE_INPUT = "mlflow_model_path"


@dataclass(frozen=True)
class ComparedModel:
    """One of the two: as it was asked for, the model, and the job in which it answered."""

    asked: str
    model: str
    job: str


@dataclass(frozen=True)
class CompareResult:
    """The first model against the second, by metric and answer by answer.

    `metric` is what answers are put in order by; `losses` are where the first is worse, `gains` where it is better.
    """

    first: ComparedModel
    second: ComparedModel
    questions: str
    metric: str
    scores: Mapping[str, Paired]
    losses: tuple[ChangedAnswer, ...]
    gains: tuple[ChangedAnswer, ...]


@dataclass(frozen=True)
class Named:
    """A model that was found for a word: its run (empty: none of ours), and `base` for the base model of the other."""

    asked: str
    model: str
    job: str = ""
    base: bool = False


@dataclass(frozen=True)
class SidesSpec:
    """The words that stand for places where models are, and whether models may be asked now."""

    places: Mapping[str, ChampionPlace]
    ask: bool
    wait_minutes: float
    on_interrupt: Literal["leave", "cancel"]

    @classmethod
    def of(
        cls, params: Params, place_of: Callable[[str], ChampionPlace], evaluator: Evaluator, *, ask: bool = False
    ) -> "SidesSpec":
        """What params.yaml says of it; `place_of` says where an environment's champion is."""
        watch, places = params.watch, {one: place_of(one) for one in params.environments}
        return cls({**places, LIVE: evaluator.spec.champion}, ask, watch.wait_minutes, watch.on_interrupt)


@dataclass(frozen=True)
class Sides:
    """What two models said to the same questions (name:version of the data asset), and which they are."""

    first: Heard
    second: Heard
    models: tuple[ComparedModel, ComparedModel]
    questions: str


def run(context: Context, first: str, second: str, *, metric: str, worst: int, ask: bool) -> Outcome[CompareResult]:
    """Compare what was answered; with `ask` have those answer that did not yet, each once."""
    evaluator = Evaluator.of(context)
    found = sides(evaluator, SidesSpec.of(context.params, context.champion_place, evaluator, ask=ask), first, second)
    scores = differences(found.first.answers, found.second.answers, evaluator.spec.gate.seed)
    try:
        losses, gains = losses_and_gains(found.first, found.second, evaluator.spec.probes, worst, metric)
    except ValueError as error:
        raise BadInput(Problem(str(error), "--metric", fix=f"use one of {', '.join(sorted(scores))}")) from None
    return Outcome(
        CompareResult(
            first=found.models[0],
            second=found.models[1],
            questions=found.questions,
            metric=metric,
            scores=scores,
            losses=losses,
            gains=gains,
        )
    )


def sides(evaluator: Evaluator, spec: SidesSpec, first: str, second: str) -> Sides:
    """Both models' answers. Raises BadInput where a model is not there or did not answer, Unfinished while it does."""
    one, two = (_find(evaluator, spec.places, word) for word in (first, second))
    turned = not one.job  # the questions are those of a run
    requested = _request(evaluator, *((two, one) if turned else (one, two)))
    if any(not scored.done for scored in requested.all):
        if not spec.ask:
            raise BadInput(_not_asked(requested, first, second))
        requested = _ask(requested, spec, f"mlops compare {first} {second} --ask")
    mine, theirs = (_heard(requested, scored) for scored in requested.all)
    if turned:
        mine, theirs = theirs, mine
    models = (_compared(one, mine), _compared(two, theirs))
    return Sides(mine, theirs, models, ":".join(requested.asset))


def _compared(named: Named, said: Heard) -> ComparedModel:
    """Under the name that it was asked for by; the base model under its own."""
    return ComparedModel(named.asked, said.answers.model if named.base else named.model, said.answers.job)


def _find(evaluator: Evaluator, places: Mapping[str, ChampionPlace], word: str) -> Named:
    """The model that a word stands for: base, live, an environment, a run, a version, or a model with its version."""
    workspace, owner = evaluator.workspace, evaluator.spec.champion.model
    if word == BASE:
        return Named(word, word, base=True)
    if parse_job_name(word):
        return Named(word, word, evidence.require_completed(workspace, word).name)
    if place := places.get(word):
        champion = evidence.champion(workspace, place)
        if champion is None:
            what = f"{place.environment} never had a model"
            raise BadInput(Problem(what, "the workspace", fix="name another one"))
        name, _, version = champion.model.partition(":")
    else:
        name, version = (owner, word.removeprefix("v")) if word.removeprefix("v").isdecimal() else parse_model(word)
    found = models.find(workspace, name, version) if name and version else None
    if found is None:
        known = ", ".join(one.label for one in models.versions(workspace, owner)[:5]) or "none"
        fix = f"name a version, NAME:VERSION, a run (ft-...), {', '.join((*places, BASE))}; registered are: {known}"
        raise BadInput(Problem(f"there is no model {word!r}", "the workspace", fix=fix))
    return Named(word, found.label, found.tags.get(JOB_TAG) or found.job)


def _request(evaluator: Evaluator, one: Named, other: Named) -> RequestedEvaluation:
    """Both on the held-out questions of the first one's run."""
    if not one.job:
        fix = "name at least one model that `mlops register` made, or a run"
        raise BadInput(Problem(f"neither {one.asked} nor {other.asked} is of a run of ours", fix=fix))
    if (other.job or other.model) == one.job:
        raise BadInput(Problem(f"{one.asked} and {other.asked} are the same model", fix="name two"))
    workspace = evaluator.workspace
    job = evidence.require_completed(workspace, one.job)
    data = job.tags.get(DATA_TAG, "")
    if ":" not in data:
        raise BadInput(
            Problem(f"{job.name} does not say which data it used", "the tags of the run", fix="name another")
        )
    if not other.base:
        return RequestedEvaluation(evaluator, job.name, data, Champion(other.model, "", job=other.job))
    made = provenance.made_of(workspace, job.name)
    base = made.assets.get(BASE_INPUT, "") if made else ""
    if not base:
        raise BadInput(Problem(f"{job.name} does not say what it started from", "the inputs of the run"))
    return RequestedEvaluation(evaluator, job.name, data, None, base)


def _not_asked(requested: RequestedEvaluation, first: str, second: str) -> Problem:
    spec = requested.evaluator.spec
    silent = [label(scored.model) for scored in requested.all if not scored.done]
    count = (spec.conversations + len(spec.probes)) * len(silent)
    what = f"{' and '.join(silent)} did not answer {':'.join(requested.asset)}"
    why = f"answering is a job on {spec.compute}: at most {count:,} answers, each asked once"
    return Problem(what, "the workspace", why=why, fix=f"`mlops compare {first} {second} --ask` has them answer")


def _ask(requested: RequestedEvaluation, spec: SidesSpec, again: str) -> RequestedEvaluation:
    pending = [evaluate.pending_job(scored) for scored in requested.all if not scored.done]
    try:
        submit.step(requested, by_hand=True)
        found = evaluate.wait(requested, clock.monotonic() + spec.wait_minutes * 60)
    except KeyboardInterrupt:
        workspace = requested.evaluator.workspace
        raise KeyboardInterrupt(interrupt.settle(workspace, spec.on_interrupt, pending, again)) from None
    if bad := [scored for scored in found.all if scored.attempt and scored.attempt.state.retryable]:
        raise RemoteFailed([problem_of(found, scored) for scored in bad])
    if any(not scored.done for scored in found.all):
        what = f"not every model has answered after {spec.wait_minutes:g} minutes"
        raise Unfinished(Problem(what, "the workspace", fix=again))
    return found


def _heard(requested: RequestedEvaluation, scored: Scored) -> Heard:
    found = requested.heard(scored)
    if found is None:
        raise RemoteFailed(Problem(f"{scored.job} left no file of answers", "the workspace"))
    return found
