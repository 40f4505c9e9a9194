"""What a verdict is computed from, and the verdict as tags of the run. It must not judge."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops.domain.evaluation.answers import ModelAnswers
from mlops.domain.evaluation.findings import Finding, Verdict
from mlops.domain.evaluation.paired_rules import Answers
from mlops.domain.numbers import number
from mlops.domain.tags import (
    EVALUATION_TAG,
    GATE_PREFIX,
    MEASURED_TAG,
    METRIC_PREFIX,
    QUESTIONS_TAG,
    VERDICT_CHAMPION_TAG,
    VERDICT_TAG,
    VERDICT_WHY_TAG,
)

TAG_LIMIT = 256  # characters of a value; the strictest of the services that show tags


@dataclass(frozen=True)
class Champion:
    """The model to beat. `data` is the version it was measured on (`name:version`), empty when it does not say.

    `job` is the training run that made it, `evaluation` the job that scored it on the candidate's conversations.
    """

    model: str
    environment: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    data: str = ""
    job: str = ""
    evaluation: str = ""


@dataclass(frozen=True)
class KeptWeights:
    """The evaluation within a training whose weights became the model, where a later one was made too."""

    metric: str
    value: float
    place: str  # such as `step 40`
    last: float

    def __str__(self) -> str:
        kept = f"{self.metric} {number(self.value)} is of {self.place}, whose weights are kept"
        return f"{kept}; the last one was {number(self.last)}"


@dataclass(frozen=True)
class Evidence:
    """A candidate's metrics and where they come from. `champion` None: nothing was released yet.

    `evaluation` is the job that scored it, and `questions` the data asset (name:version) that it answered. `answers`
    are what candidate, champion and base said to them, by these words.
    """

    metrics: Mapping[str, float]
    champion: Champion | None = None
    job: str = ""
    data: str = ""
    commit: str = ""
    run_url: str = ""
    outputs: tuple[str, ...] = ()
    evaluation: str = ""
    questions: str = ""
    unscored: str = ""  # why it has no evaluation of its own
    answers: Mapping[str, ModelAnswers] = field(default_factory=dict)
    kept: KeptWeights | None = None

    def scores(self, seed: int) -> Answers:
        """The scores of each model's answers, for the rules that compare them."""
        return Answers(**{role: answers.scores for role, answers in self.answers.items()}, seed=seed)

    @property
    def same_data(self) -> bool | None:
        """Whether candidate and champion were measured on the same data; None when that cannot be told."""
        if self.champion is None or not self.data or not self.champion.data:
            return None
        return self.data == self.champion.data

    def notes(self) -> tuple[str, ...]:
        """What a reader must know before he compares."""
        alone = (f"no evaluation of its own: {self.unscored}",) if self.unscored else ()
        kept = (str(self.kept),) if self.kept else ()
        return (*kept, *alone, *self._compared())

    def _compared(self) -> tuple[str, ...]:
        if self.champion is None:
            return ()
        if self.same_data is False:
            return (
                f"the champion was measured on {self.champion.data}, this run on {self.data}: "
                "part of a difference may come from the data",
                *self._both_answered(),
            )
        told = () if self.same_data else ("the champion does not say on which data it was measured",)
        return (*told, *self._both_answered())

    def _both_answered(self) -> tuple[str, ...]:
        """That some metrics can be compared whatever the data of the training was."""
        if not self.champion or not self.evaluation or not self.champion.evaluation:
            return ()
        return (f"this run and the champion answered the same conversations, {self.questions}",)


def tags(verdict: Verdict, evidence: Evidence) -> dict[str, str]:
    """The verdict as tags of the run: the word, why, against whom, and one tag for each judged condition."""
    found = {
        VERDICT_TAG: verdict.ruling.value,
        VERDICT_WHY_TAG: verdict.summary(),
        VERDICT_CHAMPION_TAG: evidence.champion.model if evidence.champion else "none yet",
    }
    if evidence.evaluation:
        found |= {EVALUATION_TAG: evidence.evaluation, QUESTIONS_TAG: evidence.questions}
    found[MEASURED_TAG] = _measured(verdict)
    for finding in verdict.findings:
        found.setdefault(f"{GATE_PREFIX}{finding.metric}-{finding.label.replace(' ', '-')}", _short(finding))
    return {key: value if len(value) <= TAG_LIMIT else value[: TAG_LIMIT - 1] + "…" for key, value in found.items()}


def _measured(verdict: Verdict) -> str:
    """Every judged metric with its value, as far as a tag has room; no number is cut in two."""
    values = {finding.metric: finding.candidate for finding in verdict.findings if finding.candidate is not None}
    text = ""
    for name, value in values.items():
        if len(longer := f"{text} {name}={value:.6g}".lstrip()) <= TAG_LIMIT:
            text = longer
    return text or "-"


def measured(text: str) -> dict[str, float]:
    """The metrics that such a tag holds."""
    pairs = (pair.rpartition("=") for pair in text.split())
    return {name: value for name, _, stated in pairs if name and (value := _float(stated)) is not None}


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


def _short(finding: Finding) -> str:
    values = {
        "candidate": finding.candidate,
        finding.against: finding.champion,
        "threshold": finding.threshold,
        "margin": finding.margin,
    }
    return ", ".join([finding.word, *(f"{key} {number(value)}" for key, value in values.items() if value is not None)])


def kept_weights(
    metrics: Mapping[str, float], score: str, history: Sequence[tuple[int, float]], metric: str
) -> tuple[dict[str, float], KeptWeights | None]:
    """The metrics of the weights that a training kept, and where they are from if its last evaluation was worse.

    `score` is what the run says of the kept weights, and `history` the steps and values of that metric. A run that says
    nothing keeps its last weights.
    """
    value, last = _float(score), metrics.get(metric)
    if value is None or last is None or not says_other_weights(metrics, score, metric):
        return dict(metrics), None
    found = next((n for n, (_, point) in enumerate(history) if math.isclose(point, value, rel_tol=1e-6)), None)
    if found is None:  # another metric was chosen by, or the history is not complete yet
        return dict(metrics), None
    steps = {step for step, _ in history}
    place = f"step {history[found][0]}" if len(steps) > 1 else f"evaluation {found + 1} of {len(history)}"
    point = history[found][1]
    if point == last:
        return dict(metrics), None
    return {**metrics, metric: point}, KeptWeights(metric, point, place, last)


def says_other_weights(metrics: Mapping[str, float], score: str, metric: str) -> bool:
    """Whether what a run says of the weights that it kept is not what it says of the last: then its history tells."""
    value, last = _float(score), metrics.get(metric)
    return value is not None and last is not None and value != last


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
