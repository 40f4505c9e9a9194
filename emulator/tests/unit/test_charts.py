"""Charts of the page: what is drawn, what is counted, and that a name is never markup."""

import re

import pytest

from azureml_emulator.control.charts import LineChart, Points, counted

NAME = '"><script>alert(1)</script>'


def spots(drawn: str) -> list[list[tuple[float, float]]]:
    lines = re.findall(r'points="([^"]*)"', drawn)
    return [[(float(x), float(y)) for x, y in (spot.split(",") for spot in line.split())] for line in lines]


def test_a_line_goes_through_its_points_and_up_is_more() -> None:
    (line,) = spots(LineChart("loss", "step", "loss", {"run": [(0, 4.0), (10, 3.0), (20, 2.0)]}).draw())
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    assert [y for _, y in line] == sorted(y for _, y in line), "a smaller loss is lower on the screen"


def test_a_share_holds_until_the_next_one() -> None:
    (line,) = spots(LineChart("t", "x", "y", {"a": [(0, 100), (10, 50), (20, 50)]}, steps=True).draw())
    assert [y for _, y in line].count(line[0][1]) == 2


@pytest.mark.parametrize("lines", [{}, {"a": []}, {"a": [(1, 1)]}])
def test_a_single_point_is_no_chart(lines: dict[str, Points]) -> None:
    assert LineChart("t", "x", "y", lines).draw() == ""


def test_a_name_is_text_and_the_numbers_are_there() -> None:
    drawn = LineChart(NAME, NAME, NAME, {NAME: [(0, 1), (1, 2.5)]}).draw()
    assert "<script" not in drawn
    assert "<td>2.5</td>" in drawn


@pytest.mark.parametrize(
    ("times", "words", "first", "total"),
    [
        ([60.0, 61.0, 181.0], "a minute", [0, 2, 0, 1, 0], 3),
        ([0.0, 86_400.0 * 2], "an hour", [0, 1, 0], 2),
        ([0.0, 86_400.0 * 90], "a day", [0, 1, 0], 2),
    ],
)
def test_requests_are_counted_in_spans_of_which_none_is_left_out(
    times: list[float], words: str, first: list[int], total: int
) -> None:
    said, found = counted({"model-1": times})
    counts = [count for _, count in found["model-1"]]
    assert (said, counts[: len(first)], sum(counts)) == (words, first, total)
    steps = {later - sooner for (sooner, _), (later, _) in zip(found["model-1"], found["model-1"][1:], strict=False)}
    assert len(steps) == 1
