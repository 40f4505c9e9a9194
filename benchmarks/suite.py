"""What the suite costs: `python benchmarks/suite.py [WORDS FOR PYTEST]`, as `make test` runs it, without the checks.

Prints CPU seconds and tests of each folder and the ten dearest tests. CPU seconds, and not those of a clock, because a
machine that does something else meanwhile changes them little. Each worker collects all tests, which is a row of its
own. What a test had an emulator or another process do counts as its own, also after that process's parent has ended.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
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


def report(rows: list[tuple[str, float]], most: int) -> None:
    """By folder, then by file of what is dear, then by test."""
    folders: dict[str, float] = defaultdict(float)
    files: dict[str, float] = defaultdict(float)
    tests: dict[str, float] = defaultdict(float)
    numbers: dict[str, int] = defaultdict(int)
    for what, seconds in rows:
        file, separator, _ = what.partition("::")
        folder = str(Path(file).parent) if separator else file
        folders[folder] += seconds
        numbers[folder] += 1
        if separator:
            files[file] += seconds
            tests[what] += seconds
    print("| folder | CPU s | tests |\n|---|---|---|")
    for folder, seconds in dearest(folders):
        print(f"| {folder} | {seconds:.1f} | {numbers[folder] if folder not in ('collection', 'end') else ''} |")
    print(f"| all | {sum(folders.values()):.1f} | {len(tests)} |")
    for title, found in (("file", files), ("test", tests)):
        print(f"\n| {title} | CPU s |\n|---|---|")
        for name, seconds in dearest(found)[:most]:
            print(f"| `{name}` | {seconds:.1f} |")


def dearest(found: dict[str, float]) -> list[tuple[str, float]]:
    """What costs most comes first."""
    return sorted(found.items(), key=lambda item: -item[1])


if __name__ == "__main__":
    main()
