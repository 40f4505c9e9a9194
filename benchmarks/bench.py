"""Runs the benchmarks, and writes docs/performance.md, docs/cost.md and emulator/docs/speed.md: `make bench`.

What each measures stands at its head; figures are of this machine and this run, so compare them with each other. With
`make bench ARGS="commands import_times"` the other parts stay as they stand in the file. A part that cannot run here,
for it needs npm or a network, keeps its figures, says since when and why, and the others follow.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

from page import summary

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "performance.md"
COSTS = "costs"
PARTS = (
    ("Commands and a rehearsal", "commands.py", ()),
    ("Where the time of a rehearsal goes", "rehearsal.py", ()),
    ("How long a command waits for Azure", "waiting.py", ()),
    ("What imports cost", "import_times.py", ("--runs", "1")),
    ("The emulator", "emulator.py", ("--endpoints", "500")),
    ("The emulator beside moto and Azurite", "beside.py", ()),
    ("A workspace that grows", "scale.py", ()),
    ("Data that grows", "prepare.py", ("--rows", "500,5000,50000", "--rounds", "1", "--what", "mlops")),
    ("A site that grows", "site.py", ()),
)
HEAD = """# How fast it is

Written by `make bench`. Times are of the machine of that run: compare the rows of one table with each other, and
ratios between machines. What may not grow is held by tests: calls of a step (`tests/journeys/test_rehearsal.py`),
modules that a start imports (`tests/cli/test_start.py`), calls as a
workspace grows (`tests/contract/test_growth.py`), bytes of a row (`tests/unit/test_row_table.py`). What the suite
costs, folder by folder, with its dearest tests: `python benchmarks/suite.py`.
"""
EMULATOR = "The emulator"
ITS_PAGE = ROOT / "emulator" / "docs" / "speed.md"  # goes with the package, which has no docs/performance.md
ITS_HEAD = """# How fast it is

Written by `make bench` of the repository, which says more, on two cores that the clients share with the emulator.

"""
ITS_TAIL = """
One process answers, one call at a time; with more clients a call waits longer, and none is answered wrongly. What it
holds does not grow with what it keeps, which is on disk; a connection over TLS takes a quarter of a megabyte.

Uploads and downloads pass in pieces of 256 KiB: a large blob is never in memory as a whole on its way out, and once on
its way in. How that stands beside Azurite, and small resources beside moto, says `python benchmarks/beside.py`.
"""
NOT_AGAIN = "Could not be measured again on "


def main() -> None:
    """Each part after the other, so that none takes the other's cores."""
    names = [script.removesuffix(".py") for _, script, _ in PARTS] + [COSTS]
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("parts", nargs="*", choices=[*names, []])
    said = options.parse_args().parts or names
    wanted = [name for name in names if name in said]
    parts, missing = stand(), []
    for title, script, words in PARTS:
        name = script.removesuffix(".py")
        if name not in wanted:
            continue
        printed, why = measured(f"[{wanted.index(name) + 1}/{len(wanted)}]", script, words)
        if why:
            missing.append(name)
            told = textwrap.fill(f"{NOT_AGAIN}{datetime.now(UTC).date()}: {why[:300]}", 118)
            parts[title] = f"{kept(parts, title)}\n{told}\n"
        else:
            how = f"`python benchmarks/{' '.join((script, *words))}`,\n{datetime.now(UTC).date()}, {machine()}."
            parts[title] = f"\n## {title}\n{how}\n\n{shown(printed)}\n"
        # at once: what was measured stays when a later part ends badly
        write(parts)
    if COSTS in wanted and measured(f"[{len(wanted)}/{len(wanted)}]", f"{COSTS}.py", ("--write",))[1]:
        missing.append(COSTS)
    write(parts)
    print(TARGET.relative_to(ROOT), *(["not measured:", *missing] if missing else []))


def measured(place: str, script: str, words: tuple[str, ...]) -> tuple[str, str]:
    """What a benchmark printed, and why it could not run; its lines are shown as they come."""
    print(f"{place} {script} ...", flush=True)
    begun, lines = time.monotonic(), []
    # As after an installation: where a shell forbids bytecode, each start would compile what changed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as refused:
        command = [sys.executable, "-u", str(ROOT / "benchmarks" / script), *words]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=refused, text=True
        ) as running:
            assert running.stdout
            for line in running.stdout:
                lines.append(line)
                print(f"    {line}", end="", flush=True)
        refused.seek(0)
        said = [line.strip() for line in refused if line.strip()]
    print(f"{place} {script}: {time.monotonic() - begun:.0f} s", flush=True)
    why = "" if running.returncode == 0 else (said or [f"it ended with {running.returncode}"])[-1]
    return "".join(lines), why.replace(f"{ROOT}/", "")


def write(parts: dict[str, str]) -> None:
    """The page, in the order of the parts, and the emulator's own."""
    found = [parts[title] for title, _, _ in PARTS if title in parts]
    TARGET.write_text(HEAD + summary(parts) + "".join(found), encoding="utf-8")
    if EMULATOR in parts:
        ITS_PAGE.write_text(ITS_HEAD + parts[EMULATOR].partition(f"{EMULATOR}\n")[2] + ITS_TAIL, encoding="utf-8")


def stand() -> dict[str, str]:
    """The parts that the file has, by title."""
    parts = TARGET.read_text(encoding="utf-8").split("\n## ")[1:] if TARGET.exists() else []
    return {part.partition("\n")[0]: f"\n## {part.rstrip()}\n" for part in parts}


def kept(parts: dict[str, str], title: str) -> str:
    """A part as it stands, without what was said of an earlier attempt."""
    found = parts.get(title, f"\n## {title}\n")
    return found.partition(f"\n{NOT_AGAIN}")[0].rstrip() + "\n"


def machine() -> str:
    """What was measured on."""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"


def shown(printed: str) -> str:
    """Markdown as it is, without the machine, which is said already; a table of another form as it was printed."""
    text = printed.strip()
    first, _, rest = text.partition("\n")
    if first.startswith(machine()):
        assumed = first.removeprefix(machine()).strip(";. ")
        text = f"{assumed.capitalize()}.\n\n{rest.strip()}" if assumed else rest.strip()
    return text if "|" in text else f"```text\n{text}\n```"


if __name__ == "__main__":
    main()
