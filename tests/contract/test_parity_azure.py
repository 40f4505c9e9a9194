"""`make parity-azure`, with a fresh emulator in place of the service."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "parity_azure.py"


def test_a_walk_through_a_workspace_is_recorded_and_answered_alike() -> None:
    """The whole of what the workflow `parity` does, of which every step must succeed and nothing be left over."""
    done = subprocess.run([sys.executable, str(TOOL), "--rehearse"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stderr
    compared, _, told = done.stdout.strip().splitlines()[-1].partition(" calls: ")
    assert int(compared) > 80
    assert told == f"{compared} alike, 0 otherwise"
