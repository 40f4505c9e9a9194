"""A program that knows nothing of us runs against the emulator unchanged."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("walk_through.py")


def test_a_straight_walk_through_finishes_under_exec(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "GITHUB_", "MLOPS_"))}
    command = [
        sys.executable,
        "-m",
        "mlops",
        "emulator",
        "exec",
        "--state",
        str(tmp_path),
        "--",
        sys.executable,
        str(PROGRAM),
    ]
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.endswith("walked\n")
    assert "prediction:" in done.stdout
    assert not (tmp_path / "emulator.json").exists(), "it was started for the program's lifetime only"


def test_the_exit_code_of_a_program_is_that_of_exec(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mlops", "emulator", "exec", "--state", str(tmp_path), "--", "sh", "-c", "exit 3"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 3
