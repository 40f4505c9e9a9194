"""What a person does here, done as a GitHub runner does it: see tools/runner.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.environ.get("GITHUB_ACTIONS") == "true", reason="this is a runner already")


def on_a_runner(script: str) -> "subprocess.CompletedProcess[str]":
    """Run lines of bash."""
    command = [sys.executable, str(ROOT / "tools" / "runner.py"), "--", "bash", "-euc", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_runner_is_shallow_detached_unprivileged_and_elsewhere() -> None:
    done = on_a_runner(
        "git rev-parse --is-shallow-repository; git symbolic-ref -q HEAD || echo detached\n"
        'ls -A "$HOME" | wc -l; id -u; date +%z\n'
        'test -t 0 || echo "no terminal"; env | grep ^ACTIONS_ || echo "no token"'
    )
    assert done.returncode == 0, done.stderr
    shallow, head, home, user, zone, terminal, token = done.stdout.split("\n")[:7]
    assert (shallow, head, home, zone) == ("true", "detached", "0", "+0545")
    assert (terminal, token) == ("no terminal", "no token")
    assert user != "0" or "stays root" in done.stderr


def test_a_rehearsal_and_a_program_against_the_emulator_pass_on_a_runner() -> None:
    done = on_a_runner(
        "mlops rehearse --until ask --state build/state --scenario two-workspaces "
        "--set data.dataset.percent=1 --set evaluation.conversations=8 --set evaluation.probes.per_category=3 "
        "--set evaluation.max_new_tokens=16 --set serving.max_new_tokens=16\n"
        "mlops emulator exec --state build/state -- mlops --json status\n"
        "mlops emulator down --state build/state"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "prediction" in done.stdout
    assert "workspace mlw-emulator" in done.stderr
