"""Steps of a run and of earlier ones -> percent and seconds left; one row a situation."""

from datetime import UTC, datetime, timedelta

import pytest

from mlops.domain.training.progress import PipelineStep, Snapshot
from mlops.domain.training.time_left import NONE, PastSteps, TimeLeft, time_left

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = BEGIN + timedelta(seconds=100)


def step(name: str, begin: int | None = None, end: int | None = None, *, leaf: bool = True) -> PipelineStep:
    at = [None if second is None else BEGIN + timedelta(seconds=second) for second in (begin, end)]
    return PipelineStep(name, name, "Running", 1, leaf=leaf, started=at[0], ended=at[1])


PIPELINE = step("pipeline", 0, leaf=False)
PAST = PastSteps.of(
    [[PIPELINE, step("pre", 0, 20), step("train", 20, 220)], [step("pre", 0, 40), step("train", 0, 240)]]
)


@pytest.mark.parametrize(
    ("steps", "epoch", "epochs", "past", "expected"),
    [
        ([step("pre", 0, 30)], None, None, NONE, None),
        ([], None, None, PAST, TimeLeft(0, 250, 2)),
        ([PIPELINE, step("pre", 90)], None, 2.0, PAST, TimeLeft(4, 240, 2)),
        ([step("pre", 0, 30), step("train")], None, 2.0, PAST, TimeLeft(12, 220, 2)),
        ([step("pre", 0, 30), step("train", 40)], None, 2.0, PAST, TimeLeft(36, 160, 2)),
        ([step("pre", 0, 30), step("train", 40)], 0.5, 2.0, PAST, TimeLeft(33, 180, 2)),  # its own speed counts more
        ([step("pre", 0, 30), step("train", 40)], 0.5, 2.0, NONE, TimeLeft(33, 180, 0)),
        ([step("pre", 0, 30), step("train", 40)], 0.001, 2.0, NONE, None),  # too early to say
        ([step("pre", -400, -300), step("train", -300)], None, None, PAST, TimeLeft(99, 0, 2)),  # longer than ever
        ([step("pre", 0, 30), step("train", 30, 90)], 2.0, 2.0, PAST, TimeLeft(99, 0, 2)),
        ([step("pre", 0, 30), step("new", 40)], None, None, PAST, TimeLeft(29, 220, 2)),
    ],
)
def test_time_left(
    steps: list[PipelineStep], epoch: float | None, epochs: float | None, past: PastSteps, expected: TimeLeft | None
) -> None:
    metrics = {} if epoch is None else {"epoch": epoch}
    assert time_left(Snapshot("ft-1", "Running", tuple(steps), metrics), past, epochs, NOW) == expected
