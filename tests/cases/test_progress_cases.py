"""Two looks at a run -> what is new, what works, what failed; one row a situation."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from mlops.domain.training.progress import PipelineStep, Snapshot, log_of_interest, machine_seconds, news
from mlops.render import Lines, board, table

NO_MEMORY = "CUDA: no memory\nmore"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
OUTER = PipelineStep("o", "pipeline", "Running", 0, leaf=False, started=BEGIN)
FIRST = PipelineStep("a", "preprocess", "Completed", 1, started=BEGIN, ended=BEGIN + timedelta(seconds=30))
SECOND = PipelineStep("b", "finetune", "Running", 1, started=BEGIN + timedelta(seconds=40))
BROKEN = PipelineStep(
    "b", "finetune", "Failed", 1, started=BEGIN, ended=BEGIN + timedelta(seconds=9), error="CUDA: no memory\nx"
)
QUEUED = PipelineStep("b", "finetune", "Queued", 1)


def look(*steps: PipelineStep, state: str = "Running", **metrics: float) -> Snapshot:
    return Snapshot("ft-1", state, steps, metrics)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (None, look(state="Queued"), ["ft-1 is Queued"]),
        (look(), look(), []),
        (look(), look(OUTER), ["step pipeline is Running"]),
        (look(OUTER, QUEUED), look(OUTER, SECOND), ["step finetune is Running"]),
        (look(OUTER), look(OUTER, FIRST), ["step preprocess is Completed after 30 s"]),
        (look(OUTER), look(OUTER, loss=2.5), ["loss 2.5"]),
        (look(loss=2.5), look(loss=2.5, total_flos=7), []),
        (look(loss=2.5), look(loss=2.25, eval_loss=3), ["loss 2.25, eval_loss 3"]),
        (look(OUTER), look(OUTER, state="Failed"), ["ft-1 is Failed"]),
    ],
)
def test_what_is_new_is_said_once(before: Snapshot | None, after: Snapshot, lines: list[str]) -> None:
    assert news(before, after) == lines


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ((OUTER, FIRST, SECOND), []),
        ((OUTER, FIRST, BROKEN), ["finetune"]),
        ((PipelineStep("o", "pipeline", "Failed", leaf=False), FIRST, BROKEN), ["finetune"]),
        ((PipelineStep("o", "pipeline", "Failed", leaf=False), FIRST), ["pipeline"]),
        ((PipelineStep("o", "pipeline", "Canceled", leaf=False), FIRST), []),
        ((PipelineStep("o", "finetune", "NotResponding"),), ["finetune"]),
    ],
)
def test_the_step_that_failed_is_the_innermost(steps: tuple[PipelineStep, ...], names: list[str]) -> None:
    assert [step.name for step in look(*steps).failed()] == names


def test_the_step_that_works_is_a_leaf() -> None:
    assert look(OUTER).running() is None
    assert look(OUTER, FIRST, SECOND).running() is SECOND


def test_only_time_on_machines_is_counted() -> None:
    whole = PipelineStep("o", "pipeline", "Completed", leaf=False, started=BEGIN, ended=BEGIN + timedelta(hours=9))
    assert machine_seconds([whole, FIRST, BROKEN, QUEUED]) == 39
    assert machine_seconds([]) == 0


def test_rows_show_depth_time_and_the_first_line_of_an_error() -> None:
    now = BEGIN + timedelta(seconds=100)
    assert look(OUTER, SECOND).rows(now)[1] == ("  finetune", "Running", 60.0, "")
    assert look(BROKEN).rows(now)[0] == ("  finetune", "Failed", 9.0, "CUDA: no memory")
    assert look(QUEUED).rows(now)[0][2] is None


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        ([], None),
        (["system_logs/lifecycler/execution-wrapper.log", "user_logs/std_log.txt"], "user_logs/std_log.txt"),
        (["user_logs/std_log_process_1.txt", "user_logs/std_log_process_0.txt"], "user_logs/std_log_process_0.txt"),
        (["logs/azureml/executionlogs.txt"], "logs/azureml/executionlogs.txt"),
    ],
)
def test_the_programs_own_log_is_shown(paths: list[str], chosen: str | None) -> None:
    assert log_of_interest(paths) == chosen


def test_a_log_gets_lines_and_a_terminal_gets_a_table() -> None:
    said: list[str] = []
    shown = table("ft-1 is Running", ("step",), [("finetune",)])
    with board(Console(file=io.StringIO()), said.append) as lines:
        assert isinstance(lines, Lines)
        lines.show(shown, ["step finetune is Running"], ["epoch 1"])
    assert said == ["step finetune is Running", "  | epoch 1"]
    drawn = io.StringIO()
    with board(Console(file=drawn, force_terminal=True, width=80), said.append) as screen:
        screen.show(shown, ["step finetune is Running"], ["epoch 1\x1b[2J"])
    assert "finetune" in drawn.getvalue()
    assert "epoch 1[2J" in drawn.getvalue()
    assert len(said) == 2


def test_a_log_says_every_half_minute_that_it_goes_on() -> None:
    said: list[str] = []
    seconds = iter([100.0, 129.0, 130.0, 130.0, 140.0, 161.0, 161.0])
    lines = Lines(said.append, now=lambda: next(seconds))
    shown = table("42 %, 1 min left", ("step",), [])
    lines.show(shown, ["step train is Running"], [])
    for _ in range(4):
        lines.show(shown, [], [])
    assert said == ["step train is Running", "42 %, 1 min left", "42 %, 1 min left"]
