"""Runs each case undisturbed, then with trouble at each call and once more, and compares how the service is left.

It must not know a verb; `cases` does.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import cases, process, state, watcher
from tests.torture.cases import Case
from tests.torture.process import HANGS, Ended
from tests.torture.trouble import KILLED, KILLS, Trouble

AFTER_A_CRASH = 61.0  # seconds until a lease that nobody renews is over
RIGHT = {0, 2, 5, 6, 7, 8}  # exit codes that a person or a workflow can act on; 3 and 4 are answers
TRIES = 3  # of the second run: what it finds may be under way


@dataclass
class Tally:
    """What was tried, and every wrong end."""

    tried: Counter[str] = field(default_factory=Counter)
    calls: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def report(self) -> str:
        """The figures, for people."""
        lines = [f"  {kind:<12} {count:>6}" for kind, count in sorted(self.tried.items())]
        calls = ", ".join(f"{name} {count}" for name, count in self.calls.items())
        spent = time.monotonic() - self.begun
        head = f"tried {self.tried.total()} times in {spent:.0f} s; wrong ends: {len(self.wrong)}"
        return "\n".join([head, *lines, f"  calls undisturbed: {calls}", *self.wrong])


def run(root: Path, chosen: list[Case], kinds: tuple[str, ...], *, most: int, seed: int) -> Tally:
    """Every kind of trouble at each call of each case; at `most` drawn ones where that is not 0."""
    tally = Tally()
    for case in chosen:
        try:
            snapshot = cases.reach(case.state, root)
            undisturbed, wanted = _undisturbed(case, snapshot, root, tally)
        except RuntimeError as error:  # it is wrong, and the others are tried all the same
            tally.wrong.append(f"{case.name}: {error}")
            continue
        tally.calls[case.name] = len(undisturbed.calls)
        for met in _troubles(kinds, len(undisturbed.calls), most, f"{seed}{case.name}"):
            tally.tried["kills" if met.kind in KILLS else "faults"] += 1
            for why in _trouble(case, snapshot, root, met, wanted):
                tally.wrong.append(f"{case.name}: {met}: {why}")
                print(tally.wrong[-1], file=sys.stderr, flush=True)
        print(f"{case.name}: {tally.tried.total()} in all, {len(tally.wrong)} wrong", file=sys.stderr, flush=True)
    return tally


def _troubles(kinds: tuple[str, ...], calls: int, most: int, seed: str) -> Iterator[Trouble]:
    every = [Trouble(kind, call) for call in range(calls) for kind in kinds]
    if most and len(every) > most:
        every = random.Random(seed).sample(every, most)
    yield from sorted(every, key=lambda one: (one.call, one.kind))


def _undisturbed(case: Case, snapshot: Path, root: Path, tally: Tally) -> tuple[Ended, dict[str, str]]:
    """How it ends without trouble, and the state that it leaves; twice is once."""
    working, folder = root / "working", cases.project(root / "project")
    with process.emulator(snapshot, working) as address:
        cases.advance(address, case.later)
        first = process.command(list(case.words), folder, address)
        again = process.command(list(case.words), folder, address)
        if first.code or again.code:
            raise RuntimeError(
                f"{case.name} fails without trouble: {first.code}, {again.code}\n{first.said}{again.said}"
            )
    tally.wrong += [f"{case.name}: undisturbed: {why}" for why in _violations(working)]
    return first, state.read(working)


def _trouble(case: Case, snapshot: Path, root: Path, met: Trouble, wanted: dict[str, str]) -> list[str]:
    """What is wrong with how it goes with trouble, and once more without."""
    working, folder = root / "working", cases.project(root / "project")
    with process.emulator(snapshot, working) as address:
        cases.advance(address, case.later)
        first = process.command(list(case.words), folder, address, met)
        wrong = [] if met.kind in KILLS else _end(first)
        if met.kind in KILLS and first.code not in (KILLED, 0):
            wrong.append(f"ends with {first.code} and not killed")
        cases.advance(address, AFTER_A_CRASH)
        second = process.command(list(case.words), folder, address)
        for _ in range(TRIES - 1):
            if second.code == 0:
                break
            second = process.command(list(case.words), folder, address)
        wrong += [f"tells {what}" for what in state.secrets(working, first.said + second.said)]
        if second.code:
            wrong.append(f"the second run ends with {second.code}: {_last(second)}")
    return [*wrong, *_violations(working), *state.difference(wanted, state.read(working))[:3]]


def _end(ended: Ended) -> list[str]:
    if ended.code == HANGS:
        return ["hangs"]
    if "Traceback" in ended.said:
        return [f"a traceback: {_last(ended)}"]
    return [] if ended.code in RIGHT else [f"exit code {ended.code}: {_last(ended)}"]


def _violations(folder: Path) -> list[str]:
    found = folder / watcher.NAME
    return [f"an instant of {line}" for line in found.read_text().splitlines()[:3]] if found.exists() else []


def _last(ended: Ended) -> str:
    lines = [line for line in ended.said.strip().splitlines() if line.strip()]
    return " | ".join(lines[-3:])[:400]
