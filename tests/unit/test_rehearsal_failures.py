"""What a step of a rehearsal failed with says where, as the annotation on GitHub does."""

import io

import pytest

from mlops import errors
from mlops.actions import ActRun, Annotation
from mlops.actions.events import Exit, parse
from mlops.cli.rehearse import failures
from mlops.cli.rehearse.show import Show

LINE = (
    '{"command": "error", "arg": "not valid JSON\\nwhy: rejected", "job": "train", "jobID": "train", '
    '"step": "prepare", "kvPairs": '
    '{"title": "The input is not right", "file": "data/few.jsonl", "line": "12", "col": "15"}}'
)


def annotation(line: str = LINE) -> Annotation:
    found = parse(line)
    assert isinstance(found, Annotation)
    return found


def test_the_failure_of_a_workflow_points_into_the_file() -> None:
    done = ActRun(annotations=[annotation()], exits=[Exit("train", "prepare", errors.BadInput.exit_code)])
    failure = failures.of_workflow("train.yml", done)
    assert isinstance(failure, errors.BadInput)
    assert [problem.place() for problem in failure.problems] == ["data/few.jsonl:12"]


@pytest.mark.parametrize(
    ("file", "place"), [("data/few.jsonl", "data/few.jsonl:12: "), ("", "")], ids=["in a file", "in none"]
)
def test_the_line_of_a_failed_step_says_where_and_its_reasons_stand_below(file: str, place: str) -> None:
    out = io.StringIO()
    Show(out, {}, verbose=False).event(annotation(LINE.replace("data/few.jsonl", file)))
    assert out.getvalue().splitlines() == [
        f"        ! The input is not right: {place}not valid JSON",
        "          why: rejected",
    ]
