"""Tables on a narrow terminal: no word is broken in half."""

import io

import pytest
from rich.console import Console

from mlops.render import Report, table

ROWS = [
    ("production", "chat-production-eb15e6", "model-1: phi-3-mini-ultrachat:1, Succeeded", "", "100 %"),
    ("eu", "short", "none of them is there yet, and none will be", "", "0 %"),
]
COLUMNS = ("environment", "endpoint", "deployment", "note", "traffic")


def printed(width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    Report("Status", tables=(table("Environments", COLUMNS, ROWS),)).print(console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_every_word_is_whole(width: int) -> None:
    words = printed(width).split()
    for text in (cell for row in ROWS for cell in row):
        assert all(word in words for word in text.split()), printed(width)


def test_a_wide_terminal_shows_rows_and_columns_and_a_narrow_one_names_and_values() -> None:
    assert "environment   endpoint" in printed(200)
    assert [line.split()[0] for line in printed(60).splitlines() if line.strip() and line[:3] == "   "] == [
        "environment",
        "endpoint",
        "deployment",
        "traffic",
    ] * len(ROWS)
