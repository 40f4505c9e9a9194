"""A model's answers beside those of the model that it was judged against, as the site shows them: scores and texts.

It asks no model anything: answers that were never given are not shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mlops.azure.models import Registered
from mlops.domain.evaluation.side_by_side import BY, ChangedAnswer, losses_and_gains
from mlops.domain.tags import VERDICT_CHAMPION_TAG
from mlops.flow.evaluation import compare
from mlops.flow.evaluation.compare import BASE, SidesSpec
from mlops.flow.evaluation.evaluator import Evaluator

MOST = 4  # of the biggest losses, and of the gains
LONGEST = 1_000  # characters of a text


@dataclass(frozen=True)
class ConversationScore:
    """A conversation of the held-out ones, counted from 1, with the score of each model."""

    number: int
    mine: float
    theirs: float


@dataclass(frozen=True)
class ShownAnswer:
    """A question with both answers. `earlier` messages came before it; `probe` is empty for a conversation."""

    number: int
    probe: str
    earlier: int
    question: str
    truth: str
    mine: str
    theirs: str
    change: float


@dataclass(frozen=True)
class AnswersBeside:
    """Of one model and of the `other`, on `questions`: every conversation's score by `metric`, losses and gains."""

    other: str
    questions: str
    metric: str
    scores: tuple[ConversationScore, ...]
    losses: tuple[ShownAnswer, ...]
    gains: tuple[ShownAnswer, ...]


@dataclass(frozen=True)
class AnswersReader:
    """Reads them from the workspace."""

    evaluator: Evaluator
    spec: SidesSpec

    def of(self, one: Registered) -> AnswersBeside | None:
        """Against its champion of then, else its base model; None where the scores are of other questions.

        Raises our failures, BadInput where one of them never answered.
        """
        stated = one.tags.get(VERDICT_CHAMPION_TAG, "")
        other = stated if ":" in stated else BASE
        found = compare.sides(self.evaluator, self.spec, one.label, other)
        mine, theirs = (side.answers.scores.get(BY, ()) for side in (found.first, found.second))
        if len(mine) != len(theirs):
            return None
        losses, gains = losses_and_gains(found.first, found.second, self.evaluator.spec.probes, MOST)
        return AnswersBeside(
            found.models[1].model,
            found.questions,
            BY,
            tuple(ConversationScore(n, a, b) for n, (a, b) in enumerate(zip(mine, theirs, strict=True), 1)),
            _shown(losses),
            _shown(gains),
        )


def _shown(found: Sequence[ChangedAnswer]) -> tuple[ShownAnswer, ...]:
    return tuple(
        ShownAnswer(
            one.number,
            one.probe,
            max(0, len(one.messages) - 1),
            _cut(str(one.messages[-1].get("content", "")) if one.messages else ""),
            _cut(one.truth),
            _cut(one.first),
            _cut(one.second),
            one.change,
        )
        for one in found
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
