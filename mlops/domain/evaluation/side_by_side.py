"""What two models said to the same question, and by how much the one is better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.domain.evaluation.answers import Exchange, Heard, ModelAnswers
from mlops.domain.evaluation.metric_table import ALL_PROBES, direction
from mlops.domain.evaluation.paired import Paired, compare

if TYPE_CHECKING:
    from mlops.domain.evaluation.probes.suites import Probe

BY = "rougeL"  # what answers are put in order by, where nothing else is asked for


@dataclass(frozen=True)
class ChangedAnswer:
    """A question, counted from 1, with the answers of the first and the second model and the scores of each.

    `change` is by how much the first is better; below zero it is worse. `probe` is its id, empty for a conversation.
    """

    number: int
    probe: str
    messages: tuple[Mapping[str, str], ...]
    truth: str
    first: str
    second: str
    first_scores: Mapping[str, float]
    second_scores: Mapping[str, float]
    change: float


def differences(first: ModelAnswers, second: ModelAnswers, seed: int) -> dict[str, Paired]:
    """The first model against the second, for each metric that both have for the same answers."""
    return {
        name: compare(mine, theirs, direction(name) or "higher", seed)
        for name, mine in first.scores.items()
        if (theirs := second.scores.get(name)) and len(theirs) == len(mine)
    }


def most_changed(
    first: Heard, second: Heard, probes: "Sequence[Probe]", count: int, metric: str = BY
) -> tuple[ChangedAnswer, ...]:
    """So many conversations whose scores differ, the largest difference first; then so many probes that are lost."""
    found, held_out = _changes(first, second, metric), _held_out(first)
    answers = sorted((pair for pair in found if pair[0] < held_out), key=lambda pair: -abs(pair[1]))
    lost = [pair for pair in found if pair[0] >= held_out and pair[1] < 0]
    return tuple(one for chosen in (answers, lost) for one in _described(first, second, probes, chosen, count))


def losses_and_gains(
    first: Heard, second: Heard, probes: "Sequence[Probe]", count: int, metric: str = BY
) -> tuple[tuple[ChangedAnswer, ...], tuple[ChangedAnswer, ...]]:
    """The biggest losses of the first model and its biggest gains, at most so many of each.

    Raises ValueError for a metric that not every conversation has.
    """
    found = _changes(first, second, metric)
    losses = sorted((pair for pair in found if pair[1] < 0), key=lambda pair: pair[1])
    gains = sorted((pair for pair in found if pair[1] > 0), key=lambda pair: -pair[1])
    lost, won = (_described(first, second, probes, chosen, count) for chosen in (losses, gains))
    return lost, won


def _changes(first: Heard, second: Heard, metric: str) -> list[tuple[int, float]]:
    """Index of each question whose score differs, with the change; a probe counts by whether it passes."""
    mine, theirs = first.answers.scores, second.answers.scores
    held_out = _held_out(first)
    if held_out and not held_out == len(mine.get(metric, ())) == len(theirs.get(metric, ())):
        raise ValueError(f"{metric} is no score of every conversation")
    sign = -1 if direction(metric) == "lower" else 1
    found = [sign * (a - b) for a, b in zip(mine.get(metric, ()), theirs.get(metric, ()), strict=True)]
    found += [a - b for a, b in zip(mine.get(ALL_PROBES, ()), theirs.get(ALL_PROBES, ()), strict=True)]
    return [(index, change) for index, change in enumerate(found) if change]


def _described(
    first: Heard, second: Heard, probes: "Sequence[Probe]", chosen: Sequence[tuple[int, float]], count: int
) -> tuple[ChangedAnswer, ...]:
    held_out = _held_out(first)
    return tuple(
        _one(first.exchanges[index], second.exchanges[index], index, change, _probe(probes, index - held_out))
        for index, change in chosen[:count]
    )


def _held_out(said: Heard) -> int:
    """How many conversations come before the probes."""
    return len(said.exchanges) - len(said.answers.scores.get(ALL_PROBES, ()))


def _probe(probes: "Sequence[Probe]", index: int) -> "Probe | None":
    return probes[index] if index >= 0 else None


def _one(mine: Exchange, theirs: Exchange, index: int, change: float, probe: "Probe | None") -> ChangedAnswer:
    from mlops.domain.evaluation.scores.text_scores import scores

    return ChangedAnswer(
        number=index + 1,
        probe=probe.id if probe else "",
        messages=mine.messages,
        truth=mine.truth,
        first=mine.answer,
        second=theirs.answer,
        first_scores={"passed": float(probe.passed(mine.answer))} if probe else scores(mine.answer, mine.truth),
        second_scores={"passed": float(probe.passed(theirs.answer))} if probe else scores(theirs.answer, mine.truth),
        change=change,
    )
