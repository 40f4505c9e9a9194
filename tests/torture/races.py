"""`python -m tests.torture.races 100`: two processes that want one lock, so many times each; who follows a death."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
RACER = Path(__file__).with_name("racer.py")
NAMES = ("one", "two")


def race(rounds: int, record: Path) -> Counter[str]:
    """How often each had it. Raises AssertionError where both had it at once, or one never came to its end."""
    command = [sys.executable, str(RACER), "raced", str(rounds), str(record), *NAMES]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    inside: list[str] = []
    entered: Counter[str] = Counter()
    for line in record.read_text().splitlines():
        name, what = line.split()
        if what == "enter":
            inside.append(name)
            entered[name] += 1
        else:
            inside.remove(name)
        assert len(inside) <= 1, "two have it at once"
    return entered


def holder_that_dies(lock: str, record: Path) -> None:
    """A process takes the lock and is killed with it."""
    dying = subprocess.Popen([sys.executable, str(RACER), lock, "0", str(record), "dying"], cwd=ROOT)
    while not (record.exists() and record.read_text()):
        assert dying.poll() is None, "it never had the lock"
        time.sleep(0.05)
    os.kill(dying.pid, signal.SIGKILL)
    dying.wait()


def main(rounds: int) -> None:
    """Race on an emulator of its own, and measure in real time how long a dead holder keeps others waiting."""
    from azureml_emulator import process

    with tempfile.TemporaryDirectory() as folder:
        address = process.launch(Path(folder) / "state")
        try:
            os.environ.update(process.variables(address, {}))
            print("had it:", dict(race(rounds, Path(folder) / "record")), "- never two at once")
            holder_that_dies("killed", Path(folder) / "dead")
            begun = time.monotonic()
            next_one = subprocess.Popen([sys.executable, str(RACER), "killed", "1", str(Path(folder) / "next"), "next"])
            next_one.wait(timeout=90)
            print(f"followed a holder that was killed after {time.monotonic() - begun:.0f} s")
        finally:
            process.stop(Path(folder) / "state")


if __name__ == "__main__":
    main(int(sys.argv[1]))
