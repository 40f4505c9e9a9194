"""What one model said to the held-out conversations and the probes, and the scores of each answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops import jsons
from mlops.domain.evaluation.metric_table import PROBES_PREFIX
from mlops.domain.evaluation.probes.suites import Probe
from mlops.domain.evaluation.scores.text_scores import scores
from mlops.domain.evaluation.scoring import ANSWER, QUESTION

PREDICTIONS = "predictions"  # column of the evaluation component's file of answers, and the name of that output
ALL_PROBES = f"{PROBES_PREFIX}all"


@dataclass(frozen=True)
class Exchange:
    """A question, the true answer, and what the model said."""

    messages: tuple[Mapping[str, str], ...]
    truth: str
    answer: str


@dataclass(frozen=True)
class ModelAnswers:
    """The scores of a model's answers: metric -> one number for each conversation, or for each probe of a category."""

    model: str
    job: str
    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def means(self) -> dict[str, float]:
        """The mean of each score: the metric of the model."""
        return {name: sum(values) / len(values) for name, values in self.scores.items() if values}


@dataclass(frozen=True)
class Heard:
    """What a model said to every question, with the scores of it."""

    exchanges: tuple[Exchange, ...]
    answers: ModelAnswers


def exchanges(asked: str, said: str) -> tuple[Exchange, ...]:
    """The file of questions with the file of a model's predictions. Raises ValueError where they do not fit."""
    questions, predictions = _rows(asked), _rows(said)
    if len(questions) != len(predictions):
        raise ValueError(f"{len(predictions)} answers to {len(questions)} questions")
    if any(PREDICTIONS not in row for row in predictions):
        raise ValueError(f"an answer without the column {PREDICTIONS}")
    return tuple(
        Exchange(tuple(row[QUESTION]), str(row[ANSWER]), str(answer[PREDICTIONS] or ""))
        for row, answer in zip(questions, predictions, strict=True)
    )


def score(model: str, job: str, found: Sequence[Exchange], probes: Sequence[Probe]) -> ModelAnswers:
    """The scores of what a model said; probes are the last questions. Raises ValueError where there are fewer."""
    if len(found) < len(probes):
        raise ValueError(f"{len(found)} answers to {len(probes)} probes")
    held_out = len(found) - len(probes)
    texts = [exchange.answer for exchange in found[held_out:]]
    return ModelAnswers(model, job, {**_scored(found[:held_out]), **_checked(probes, texts)})


def _scored(conversations: Sequence[Exchange]) -> dict[str, tuple[float, ...]]:
    """Scores that not every conversation has are of those that have them, which are the same for every model."""
    found: dict[str, list[float]] = {}
    for exchange in conversations:
        for name, value in scores(exchange.answer, exchange.truth).items():
            found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def _checked(probes: Sequence[Probe], texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for probe, text in zip(probes, texts, strict=True):
        passed = float(probe.passed(text))
        found.setdefault(ALL_PROBES, []).append(passed)
        found.setdefault(f"{PROBES_PREFIX}{probe.category}", []).append(passed)
    return {name: tuple(values) for name, values in found.items()}


def _rows(text: str) -> list[dict[str, Any]]:
    return [jsons.read(line) for line in text.split("\n") if line.strip()]
