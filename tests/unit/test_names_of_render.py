"""The kit of the views is imported when it is asked for: whichever name comes first, each stands for what it says."""

import subprocess
import sys

import pytest

ASKS = "import sys, mlops.render as kit\nfor name in sys.argv[1:]: assert callable(getattr(kit, name)), name"


@pytest.mark.parametrize("first", ["Lines", "board"])
def test_a_name_is_no_module(first: str) -> None:
    """In an interpreter of its own, as here everything was imported before."""
    line = [sys.executable, "-c", ASKS, first, "board", "Lines", "Board", "chart", "table", "number"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
