"""Runs the benchmarks and writes docs/performance.md: `make bench`, some minutes on a machine that is quiet.

What each measures stands at its head; figures are of this machine and this run, so compare them with each other.
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "performance.md"
PARTS = (
    ("Commands and a rehearsal", "commands.py", ()),
    ("What imports cost", "import_times.py", ("--runs", "2")),
    ("The emulator", "emulator.py", ("--resources", "2000", "--endpoints", "500")),
    ("Cleanup of a large workspace", "cleanup.py", ("100", "1000")),
)
HEAD = """# How fast it is

Written by `make bench`, {day}, on Python {python}, {cores} cores ({machine}). Times are of that machine: compare the
rows of one table with each other, and ratios between machines. What may not grow is held by tests: calls of a step
(`tests/journeys/test_rehearsal.py`), modules that a start imports (`tests/cli/test_start.py`), calls of a cleanup
(`tests/contract/test_cleanup.py`).
"""


def main() -> None:
    """Each part after the other, so that none takes the other's cores."""
    day, machine = datetime.now(UTC).date(), platform.machine()
    text = HEAD.format(day=day, python=platform.python_version(), cores=os.cpu_count(), machine=machine)
    for title, script, words in PARTS:
        print(f"{script} ...", flush=True)
        command = [sys.executable, str(ROOT / "benchmarks" / script), *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{script} failed:\n{done.stderr[-2000:]}")
        text += f"\n## {title}\n`python benchmarks/{' '.join((script, *words))}`\n\n{shown(done.stdout)}\n"
    TARGET.write_text(text, encoding="utf-8")
    print(TARGET.relative_to(ROOT))


def shown(printed: str) -> str:
    """Markdown as it is; a table of another form as it was printed."""
    text = printed.strip()
    return text if "|" in text else f"```text\n{text}\n```"


if __name__ == "__main__":
    main()
