"""The bounded form of the torture: a few kills and faults of the verbs that move traffic, with no wrong end."""

import subprocess
import sys
from pathlib import Path

from tests.torture import state
from tests.torture.harness import RIGHT

ROOT = Path(__file__).parents[2]


def test_no_kill_and_no_fault_of_the_bounded_form_ends_wrong() -> None:
    command = [sys.executable, "-m", "tests.torture", "--bounded"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong ends: 0" in done.stdout


def test_what_is_compared_is_all_but_times_and_drawn_ids() -> None:
    one = {"a/endpoint": '{"traffic": {"m-1": 100}}', "a/gone": "{}"}
    other = {"a/endpoint": '{"traffic": {"m-2": 100}}', "a/new": "{}"}
    assert [line.partition(":")[0] for line in state.difference(one, other)] == ["missing", "too much", "endpoint"]
    assert state.difference(one, one) == []
    assert 1 not in RIGHT, "a bug is a wrong end"
