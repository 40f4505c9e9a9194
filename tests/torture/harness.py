"""Runs each case undisturbed, then with trouble at each call and once more, and compares how the service is left.

It must not know a verb; `cases` does.
"""

import math
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.torture import cases, process, state, watcher
from tests.torture.cases import Case
from tests.torture.classes import Classes, rank
from tests.torture.process import HANGS, Ended, Service
from tests.torture.results import Results, Tried
from tests.torture.trouble import KILLED, KILLS, Trouble

AFTER_A_CRASH = 61.0  # seconds until a lease that nobody renews is over
RIGHT = {0, 2, 5, 6, 7, 8}  # exit codes that a person or a workflow can act on; 3 and 4 are answers
TRIES = 3  # of the second run: what it finds may be under way


@dataclass(frozen=True)
class Wanted:
    """What is tried: the kinds of trouble, at every call or one of each class, at most so many of a case if not 0.

    It ends at `until` (`time.monotonic`), if not before.
    """

    kinds: Sequence[str]
    every: bool = False
    most: int = 0
    seed: int = 0
    until: float = math.inf
    always: Sequence[tuple[str, str, str]] = ()  # case, kind, and a part of the address: tried besides the drawn ones


@dataclass(frozen=True)
class Prepared:
    """A case that was run undisturbed: from which state, the calls that it made, and the state that it left."""

    case: Case
    snapshot: Path
    calls: tuple[str, ...]
    left: dict[str, str]
    troubles: tuple[Trouble, ...]


def run(root: Path, chosen: Sequence[Case], wanted: Wanted, results: Results) -> None:
    """Each trouble of each case: all at writes first, as they matter most, then at reads kind by kind."""
    known, prepared = Classes(), []
    for case in chosen:
        try:
            prepared.append(_prepared(case, root, wanted, known, results))
        except RuntimeError as error:  # it is wrong, and the others are tried all the same
            results.broken.append(f"{case.name}: {error}")
    for name, calls in results.calls.items():
        print(f"{name}: {calls}", file=sys.stderr, flush=True)
    every = [(one, met) for one in prepared for met in one.troubles]
    if not wanted.most:
        planned = {(one.case.name, met.kind, met.call) for one, met in every}
        results.only([one.case.name for one in prepared], planned)
    for one, met in sorted(every, key=lambda pair: rank(pair[0].calls[pair[1].call], pair[1].kind)):
        if time.monotonic() > wanted.until:
            return
        if not results.is_done(one.case.name, met.kind, met.call, one.calls[met.call]):
            _try(one, met, root, results)


def _prepared(case: Case, root: Path, wanted: Wanted, known: Classes, results: Results) -> Prepared:
    """Raises RuntimeError where it fails without trouble."""
    snapshot = cases.reach(case.state, root)
    alone, left = undisturbed(case, snapshot, root)
    calls = alone.calls
    if wanted.every:
        every = [Trouble(kind, number) for number in range(len(calls)) for kind in wanted.kinds]
    else:
        every = known.troubles(cases.subject(case), calls, wanted.kinds)
    results.calls[case.name] = f"{len(calls)}, {len(every)} troubles"
    if wanted.most and len(every) > wanted.most:
        every = [
            *random.Random(f"{wanted.seed}{case.name}").sample(every, wanted.most),
            *_always(case, every, calls, wanted),
        ]
    return Prepared(case, snapshot, calls, left, tuple(every))


def _always(case: Case, every: Sequence[Trouble], calls: Sequence[str], wanted: Wanted) -> list[Trouble]:
    """Those that are tried besides the drawn ones. Raises RuntimeError where one of them is met nowhere any more."""
    found = []
    for name, kind, part in wanted.always:
        if name == case.name:
            met = [one for one in every if one.kind == kind and part in calls[one.call]]
            if not met:
                raise RuntimeError(f"no call is one of {kind} at {part} any more: see ONCE_WRONG")
            found += met
    return found


def _try(one: Prepared, met: Trouble, root: Path, results: Results) -> None:
    begun = time.monotonic()
    wrong = tuple(_trouble(one, root, met))
    spent = round(time.monotonic() - begun, 3)
    results.add(Tried(one.case.name, met.kind, met.call, one.calls[met.call], spent, wrong))
    for why in wrong:
        print(f"{one.case.name}: {met}: {why}", file=sys.stderr, flush=True)


def undisturbed(case: Case, snapshot: Path, root: Path) -> tuple[Ended, dict[str, str]]:
    """How it ends without trouble, and the state that it leaves; twice is once. Raises RuntimeError."""
    working, folder = root / "working", cases.project(root / "project", answers=case.answers)
    with process.emulator(snapshot, working) as service:
        cases.advance(service, case.later)
        first = process.command(list(case.words), folder, service)
        again = process.command(list(case.words), folder, service)
    if first.code not in case.right or again.code not in case.right:
        said = f"{first.said[-2000:]}{again.said[-2000:]}"
        raise RuntimeError(f"it fails without trouble: {first.code}, {again.code}\n{said}")
    if wrong := violations(working):
        raise RuntimeError(f"without trouble: {wrong}")
    return first, state.read(working)


def _trouble(one: Prepared, root: Path, met: Trouble) -> list[str]:
    """What is wrong with how it goes with trouble, and once more without.

    Where it ended well and left what is wanted, once more is the second of the undisturbed ones.
    """
    case, working = one.case, root / "working"
    folder = cases.project(root / "project", answers=case.answers)
    with process.emulator(one.snapshot, working) as service:
        cases.advance(service, case.later)
        first = process.command(list(case.words), folder, service, met)
        said, wrong = first.said, [] if met.kind in KILLS else end(first, case)
        if met.kind in KILLS and first.code not in (KILLED, *case.right):
            wrong.append(f"ends with {first.code} and not killed")
        if first.code not in case.right or state.difference(one.left, state.read(working)):
            second = _again(case, folder, service)
            if case.left_for and state.difference(one.left, state.read(working)):
                cases.advance(service, case.left_for)
                second = _again(case, folder, service)
            said += second.said
            if second.code not in case.right:
                wrong.append(f"the second run ends with {second.code}: {_last(second)}")
        wrong += [f"tells {what}" for what in state.secrets(working, said + process.told(folder))]
    left_undone = () if case.tells and case.tells in said else state.difference(one.left, state.read(working))[:3]
    return [*wrong, *violations(working), *left_undone]


def _again(case: Case, folder: Path, service: Service) -> Ended:
    """Once more when the lease of one that died is over; what that finds may be under way."""
    cases.advance(service, AFTER_A_CRASH)
    for _ in range(TRIES):
        ended = process.command(list(case.words), folder, service)
        if ended.code in case.right:
            break
    return ended


def end(ended: Ended, case: Case) -> list[str]:
    """What is wrong with how a command ended."""
    if ended.code == HANGS:
        return ["hangs"]
    if "Traceback" in ended.said:
        return [f"a traceback: {_last(ended)}"]
    return [] if ended.code in RIGHT | set(case.right) else [f"exit code {ended.code}: {_last(ended)}"]


def violations(folder: Path) -> list[str]:
    """What the watcher noted."""
    found = folder / watcher.NAME
    return [f"an instant of {line}" for line in found.read_text().splitlines()[:3]] if found.exists() else []


def _last(ended: Ended) -> str:
    lines = [line for line in ended.said.strip().splitlines() if line.strip()]
    return " | ".join(lines[-3:])[:400]
