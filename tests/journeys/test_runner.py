"""What a person does here, done as a GitHub runner does it: see tools/runner.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.environ.get("GITHUB_ACTIONS") == "true", reason="this is a runner already")


LOOKS = """\
git rev-parse --is-shallow-repository
git symbolic-ref -q HEAD || echo detached
ls -A "$HOME" | wc -l
id -u
date +%z
test -t 0 || echo "no terminal"
env | grep ^ACTIONS_ || echo "no token"
"""
REHEARSES = """\
mlops rehearse --until ask --state build/state --scenario two-workspaces --set data.dataset.percent=1 \
  --set evaluation.conversations=8 --set evaluation.probes.per_category=3 \
  --set evaluation.max_new_tokens=16 --set serving.max_new_tokens=16
mlops emulator exec --state build/state -- mlops --json status
mlops emulator down --state build/state
"""


@pytest.fixture(scope="module")
def done() -> "subprocess.CompletedProcess[str]":
    """Lines of bash, which end where one fails."""
    command = [sys.executable, str(ROOT / "tools" / "runner.py"), "--", "bash", "-euc", LOOKS + REHEARSES]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_runner_is_shallow_detached_unprivileged_and_elsewhere(done: "subprocess.CompletedProcess[str]") -> None:
    shallow, head, home, user, zone, terminal, token = done.stdout.split("\n")[:7]
    assert (shallow, head, home, zone) == ("true", "detached", "0", "+0545"), done.stderr
    assert (terminal, token) == ("no terminal", "no token")
    assert user != "0" or "stays root" in done.stderr


def test_a_rehearsal_and_a_program_against_the_emulator_pass_on_a_runner(
    done: "subprocess.CompletedProcess[str]",
) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "prediction" in done.stdout
    assert "workspace mlw-emulator" in done.stderr
