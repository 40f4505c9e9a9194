"""What the suite costs: `python benchmarks/suite.py [WORDS FOR PYTEST]`, as `make test` runs it, without the checks.

Prints CPU seconds and tests of each folder and the ten dearest files and tests. CPU seconds, because a machine that
does something else meanwhile changes them little. Seconds of the clock stand beside them, and mean something where
nothing else runs: what is in these and not in those was waited, for another process, for another worker's turn or in a
pause; the files and tests that waited longest are named too. Each worker collects all tests, which is a row of its
own. What a test had an emulator or another process do counts as its own, also after that process's parent has ended.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
AS_MAKE_TEST = ("--dist", "loadfile", "--no-loadscope-reorder")


def main() -> None:
    """Run it, then add the rows up; ends with the code of pytest."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("-n", "--workers", type=int, default=3, help="as of pytest-xdist; 0 is none")
    options.add_argument("--dearest", type=int, default=10, help="so many files and tests are named")
    stated, words = options.parse_known_args()
    with_orphans = [sys.executable, str(HERE / "orphans.py")]
    if stated.workers:
        how, program = (
            [f"--tx={stated.workers}*popen//python={' '.join(with_orphans)}", *AS_MAKE_TEST],
            [sys.executable],
        )
    else:
        how, program = [], with_orphans
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SUITE_COSTS": folder, "PYTHONDONTWRITEBYTECODE": ""}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
        command = [*program, "-m", "pytest", "-p", "suite_costs", "--quiet", *how, *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=False)
        rows = [json.loads(line) for file in Path(folder).iterdir() for line in file.read_text("utf-8").splitlines()]
    report(rows, stated.dearest)
    sys.exit(done.returncode)


@dataclass
class Cost:
    """Seconds of the CPU and of the clock, and how many rows they are of."""

    cpu: float = 0.0
    clock: float = 0.0
    number: int = 0

    def add(self, cpu: float, clock: float) -> None:
        """One more row."""
        self.cpu, self.clock, self.number = self.cpu + cpu, self.clock + clock, self.number + 1

    @property
    def waited(self) -> float:
        """Seconds without CPU; 0 of what used both cores."""
        return max(0.0, self.clock - self.cpu)


def report(rows: list[tuple[str, float, float]], most: int) -> None:
    """By folder, then by file and by test what is dear, and what waits."""
    folders: dict[str, Cost] = defaultdict(Cost)
    files: dict[str, Cost] = defaultdict(Cost)
    tests: dict[str, Cost] = defaultdict(Cost)
    whole = Cost()
    for what, cpu, clock in rows:
        file, separator, _ = what.partition("::")
        of = (folders[str(Path(file).parent)], files[file], tests[what]) if separator else (folders[file],)
        for cost in (*of, whole):
            cost.add(cpu, clock)
    print("| folder | CPU s | clock s | tests |\n|---|---|---|---|")
    for folder, cost in first(folders, attrgetter("cpu")):
        number = cost.number if folder not in ("collection", "end") else ""
        print(f"| {folder} | {cost.cpu:.1f} | {cost.clock:.1f} | {number} |")
    print(f"| all | {whole.cpu:.1f} | {whole.clock:.1f} | {len(tests)} |")
    for what, found in (("file", files), ("test", tests)):
        for title, key in (
            (f"{what}, dearest first", attrgetter("cpu")),
            (f"{what}, longest waits first", attrgetter("waited")),
        ):
            print(f"\n| {title} | CPU s | clock s |\n|---|---|---|")
            for name, cost in first(found, key)[:most]:
                print(f"| `{name}` | {cost.cpu:.1f} | {cost.clock:.1f} |")


def first(found: dict[str, Cost], key: Callable[[Cost], float]) -> list[tuple[str, Cost]]:
    """What has most of it comes first."""
    return sorted(found.items(), key=lambda item: -key(item[1]))


if __name__ == "__main__":
    main()
