"""Runs the benchmarks and writes docs/performance.md: `make bench`, some minutes on a machine that is quiet.

What each measures stands at its head; figures are of this machine and this run, so compare them with each other. With
`make bench ARGS="commands import_times"` the other parts stay as they stand in the file.
"""

import argparse
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
    ("Where the time of a rehearsal goes", "rehearsal.py", ()),
    ("How long a command waits for Azure", "waiting.py", ()),
    ("What imports cost", "import_times.py", ("--runs", "1")),
    ("The emulator", "emulator.py", ("--resources", "2000", "--endpoints", "500")),
    ("The emulator beside moto and Azurite", "beside.py", ()),
    ("Cleanup of a large workspace", "cleanup.py", ("100", "1000")),
    ("A workspace that grows", "scale.py", ()),
)
HEAD = """# How fast it is

Written by `make bench`. Times are of the machine of that run: compare the rows of one table with each other, and
ratios between machines. What may not grow is held by tests: calls of a step (`tests/journeys/test_rehearsal.py`),
modules that a start imports (`tests/cli/test_start.py`), calls as a
workspace grows (`tests/contract/test_growth.py`), bytes of a row (`tests/unit/test_row_table.py`). What the suite
costs, folder by folder, with the tests that are dearest and those that wait: `python benchmarks/suite.py`.
"""


def main() -> None:
    """Each part after the other, so that none takes the other's cores."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("parts", nargs="*", choices=[script.removesuffix(".py") for _, script, _ in PARTS] + [[]])
    wanted, parts = options.parse_args().parts, stand()
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    for title, script, words in PARTS:
        if wanted and script.removesuffix(".py") not in wanted:
            continue
        print(f"{script} ...", flush=True)
        command = [sys.executable, str(ROOT / "benchmarks" / script), *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{script} failed:\n{done.stderr[-2000:]}")
        how = f"`python benchmarks/{' '.join((script, *words))}`, {datetime.now(UTC).date()}, {machine}."
        parts[title] = f"\n## {title}\n{how}\n\n{shown(done.stdout)}\n"
        # at once: what was measured stays when a later part ends badly
        known = (title for title, _, _ in PARTS if title in parts)
        TARGET.write_text(HEAD + "".join(map(parts.__getitem__, known)), encoding="utf-8")
    print(TARGET.relative_to(ROOT))


def stand() -> dict[str, str]:
    """The parts that the file has, by title."""
    parts = TARGET.read_text(encoding="utf-8").split("\n## ")[1:] if TARGET.exists() else []
    return {part.partition("\n")[0]: f"\n## {part.rstrip()}\n" for part in parts}


def shown(printed: str) -> str:
    """Markdown as it is; a table of another form as it was printed."""
    text = printed.strip()
    return text if "|" in text else f"```text\n{text}\n```"


if __name__ == "__main__":
    main()
