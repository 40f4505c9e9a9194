"""What one model said to the held-out conversations and the probes, and the scores of each answer."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops import jsons
from mlops.domain.evaluation.metric_table import ALL_PROBES, PROBES_PREFIX
from mlops.domain.evaluation.scoring import ANSWER, QUESTION
from mlops.domain.numbers import as_float

if TYPE_CHECKING:
    from mlops.domain.evaluation.probes.of_conversations import Checks
    from mlops.domain.evaluation.probes.suites import Probe

PREDICTIONS = "predictions"  # column of the evaluation component's file of answers, and the name of that output
TIMES = "performance_metadata"  # the name of its output with a row for each answer, which says how long it took
SECONDS = "answer_seconds"


@dataclass(frozen=True)
class Exchange:
    """A question, the true answer, what the model said, and how long that took; None: not known."""

    messages: tuple[Mapping[str, str], ...]
    truth: str
    answer: str
    seconds: float | None = None


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


def exchanges(asked: str, said: str, times: str | None = None) -> tuple[Exchange, ...]:
    """The file of questions with the files of a model's predictions and their times.

    Raises ValueError where questions and predictions do not fit. Times that do not are not known.
    """
    questions, predictions = _rows(asked), _rows(said)
    if len(questions) != len(predictions):
        raise ValueError(f"{len(predictions)} answers to {len(questions)} questions")
    if any(PREDICTIONS not in row for row in predictions):
        raise ValueError(f"an answer without the column {PREDICTIONS}")
    seconds = _seconds(times or "", len(questions))
    return tuple(
        Exchange(tuple(row[QUESTION]), str(row[ANSWER]), str(answer[PREDICTIONS] or ""), taken)
        for row, answer, taken in zip(questions, predictions, seconds, strict=True)
    )


def _seconds(times: str, count: int) -> list[float | None]:
    """The time of each answer, where each was a batch of its own: of a larger one nobody knows its part."""
    rows = _rows(times)
    taken = [as_float(row.get("time_taken_ms")) if row.get("batch_size") == 1 else None for row in rows]
    known = [value / 1000 for value in taken if value is not None and 0 <= value < math.inf]
    return list(known) if len(known) == count else [None] * count


def score(
    model: str, job: str, found: Sequence[Exchange], probes: "Sequence[Probe]", checks: "Checks | None" = None
) -> ModelAnswers:
    """The scores of what a model said; probes are the last questions. Raises ValueError where there are fewer.

    `checks` are those of the team's own conversations.
    """
    if len(found) < len(probes):
        raise ValueError(f"{len(found)} answers to {len(probes)} probes")
    held_out = len(found) - len(probes)
    texts = [exchange.answer for exchange in found[held_out:]]
    return ModelAnswers(model, job, {**_scored(found[:held_out], checks or {}), **_checked(probes, texts)})


def _scored(conversations: Sequence[Exchange], checks: "Checks") -> dict[str, tuple[float, ...]]:
    """Scores that not every conversation has are of those that have them, which are the same for every model."""
    from mlops.domain.evaluation.probes import of_conversations
    from mlops.domain.evaluation.scores.text_scores import scores

    found: dict[str, list[float]] = {}
    for exchange in conversations:
        for name, value in scores(exchange.answer, exchange.truth).items():
            found.setdefault(name, []).append(value)
        if exchange.seconds is not None:
            found.setdefault(SECONDS, []).append(exchange.seconds)
        if asked := checks.get(of_conversations.conversation(exchange.messages, exchange.truth)):
            found.setdefault(of_conversations.METRIC, []).append(float(of_conversations.passed(exchange.answer, asked)))
    return {name: tuple(values) for name, values in found.items()}


def _checked(probes: "Sequence[Probe]", texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for probe, text in zip(probes, texts, strict=True):
        passed = float(probe.passed(text))
        found.setdefault(ALL_PROBES, []).append(passed)
        found.setdefault(f"{PROBES_PREFIX}{probe.category}", []).append(passed)
    return {name: tuple(values) for name, values in found.items()}


def _rows(text: str) -> list[dict[str, Any]]:
    return [jsons.read(line) for line in text.split("\n") if line.strip()]
