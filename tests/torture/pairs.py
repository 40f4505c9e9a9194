"""Every pair of verbs at once, and a hand: one waits before a write while the other runs to its end, or waits for it.

That is each order in which their writes can follow each other, but for two that take turns. Wrong is what is wrong for
one alone, but for the state that is left, which depends on who came first: instead each of them, run again, ends well.
"""

import random
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.torture import cases, harness, process, state, watcher
from tests.torture.cases import DAY, MODEL, Case
from tests.torture.classes import reads
from tests.torture.process import Ended, Service, Started
from tests.torture.results import Results, Tried
from tests.torture.trouble import GO, MEANWHILE, PAUSED, Trouble

LOCKS = "/locks-of-mlops/"  # nobody waits before one: the write after it is the worse place
MOST_CALLS = 150  # of a command that does not wait
ENDPOINT = f"{MODEL}-production"
SERVING = (
    Case("promote", "marked", ("promote", "production", "--model", f"{MODEL}:3"), later=2 * DAY),
    Case("rollback", "marked", ("rollback", "production", "--reason", "it answers worse"), later=2 * DAY),
    Case("cleanup", "marked", ("cleanup", "--apply"), later=2 * DAY),
    Case("freeze", "marked", ("freeze", "production", "--reason", "the fair"), later=2 * DAY),
    Case("thaw", "marked", ("thaw", "production"), later=2 * DAY),
)
DATA = (
    Case("prepare", "with compute", ("prepare",)),
    Case("compute", "with compute", ("compute",)),
    Case("submit", "prepared", ("submit",)),
)
RELEASE = (
    Case("gate", "trained", ("gate",)),
    Case("register", "trained", ("register",)),
    Case("resume", "trained", ("resume",)),
)
GROUPS = (SERVING, DATA, RELEASE)


def keep() -> None:
    """Somebody writes on the endpoint that it is kept."""
    _change(lambda endpoint: endpoint.tags.update({"keep-until": "2099-01-01"}))


def swap() -> None:
    """Somebody gives the traffic to another deployment, as the studio does."""

    def change(endpoint: "_Endpoint") -> None:
        names = sorted(endpoint.traffic)
        shares = [endpoint.traffic[name] for name in names]
        endpoint.traffic = dict(zip(names, shares[1:] + shares[:1], strict=True))

    _change(change)


def untag() -> None:
    """Somebody takes all tags off the endpoint."""
    _change(lambda endpoint: endpoint.tags.clear())


HANDS: dict[str, Callable[[], None]] = {"a hand keeps": keep, "a hand swaps": swap, "a hand untags": untag}


@dataclass
class _Endpoint:
    """What a person changes of an endpoint."""

    tags: dict[str, str]
    traffic: dict[str, int]


def _change(how: Callable[[_Endpoint], None]) -> None:
    """As a person does, who knows of no lock. Nothing, where the endpoint is gone."""
    from azure.core.exceptions import ResourceNotFoundError

    from tests.contract.own_workspace import own_workspace

    client = own_workspace().ml
    try:
        found = client.online_endpoints.get(ENDPOINT)
    except ResourceNotFoundError:
        return
    seen = _Endpoint(dict(found.tags or {}), dict(found.traffic or {}))
    how(seen)
    found.tags, found.traffic = seen.tags, seen.traffic
    client.online_endpoints.begin_create_or_update(found).result()


@dataclass(frozen=True)
class Drawn:
    """Of which first verbs (none are all), and at most how many writes of a pair, if not 0."""

    only: Collection[str] = ()
    most: int = 0
    seed: int = 0

    def of(self, pair: str, writes: Sequence[int]) -> Sequence[int]:
        """The same for the same seed."""
        if not self.most or self.most >= len(writes):
            return writes
        return sorted(random.Random(f"{self.seed}{pair}").sample(writes, self.most))


def run(root: Path, drawn: Drawn, results: Results, until: float) -> list[str]:
    """Each pair at each write of the first; the names of what was tried."""
    names = []
    for group in GROUPS:
        for one in (case for case in group if not drawn.only or case.name in drawn.only):
            snapshot = cases.reach(one.state, root)
            try:
                alone, _ = harness.undisturbed(one, snapshot, root)
            except RuntimeError as error:
                results.broken.append(f"{one.name} of the pairs: {error}")
                continue
            writes = [number for number, call in enumerate(alone.calls) if not reads(call) and LOCKS not in call]
            for other in (*(case.name for case in group), *(HANDS if group is SERVING else ())):
                names.append(f"{one.name} and {other}")
                results.calls[names[-1]] = f"{len(alone.calls)}, {len(writes)} writes"
                for number in drawn.of(names[-1], writes):
                    if time.monotonic() > until:
                        return names
                    if not results.is_done(names[-1], MEANWHILE, number, alone.calls[number]):
                        _pair(one, {case.name: case for case in group}.get(other), other, number, root, results)
    return names


def _pair(one: Case, second: Case | None, other: str, number: int, root: Path, results: Results) -> None:
    begun, working, folder = time.monotonic(), root / "working", cases.project(root / "project")
    for name in (PAUSED, GO):
        (folder.parent / name).unlink(missing_ok=True)
    with process.emulator(cases.reach(one.state, root), working) as service:
        cases.advance(service, one.later)
        first = process.start(one.words, folder, service, Trouble(MEANWHILE, number))
        _until(lambda: (folder.parent / PAUSED).exists() or process.is_over(first.pid))
        meanwhile = _other(second, other, folder, service)
        _until(lambda: process.is_over(meanwhile.pid) or _waits(meanwhile))
        (folder.parent / GO).touch()
        ended, between = first.end(), meanwhile.end()
        wrong = [*_wrong(one, ended, folder), *_wrong(second or one, between, folder, "second")]
        cases.advance(service, harness.AFTER_A_CRASH)
        again = [process.command(case.words, folder, service) for case in (one, second) if case]
        wrong += [
            why for case, run in zip((one, second or one), again, strict=False) for why in _wrong(case, run, folder)
        ]
        wrong += [f"tells {what}" for what in state.secrets(working, ended.said + between.said)]
    spent = round(time.monotonic() - begun, 3)
    what = next(iter(ended.calls[number:]), "")
    unseen = second is None and _nothing_between(ended.calls, number)
    every = (*wrong, *(one for one in harness.violations(working) if not (unseen and watcher.DELETED in one)))
    tried = Tried(f"{one.name} and {other}", MEANWHILE, number, what, spent, every)
    results.add(tried)
    for why in tried.wrong:
        print(f"{tried.case}: at call {number}: {why}", file=sys.stderr, flush=True)


def _nothing_between(calls: Sequence[str], number: int) -> bool:
    """Whether a call deletes an endpoint and the one before it looked at it: a hand between them cannot be seen.

    Azure takes no condition with a deletion (docs/decisions/0051).
    """
    one, before = (calls[at].split(" ") if 0 <= at < len(calls) else [""] for at in (number, number - 1))
    return one[0] == "DELETE" and one[1].endswith(f"/onlineEndpoints/{ENDPOINT}") and before[:2] == ["GET", one[1]]


def _until(happened: Callable[[], bool]) -> None:
    while not happened():
        time.sleep(0.003)


def _waits(other: Started) -> bool:
    """Whether it has asked so often that it must be waiting for the first."""
    return other.calls.read_bytes().count(b"\n") > MOST_CALLS


def _other(second: Case | None, name: str, folder: Path, service: Service) -> Started:
    if second is None:
        return process.start_work(HANDS[name], folder, service)
    return process.start(second.words, folder, service, name="second")


def _wrong(case: Case, ended: Ended, folder: Path, name: str = "first") -> list[str]:
    found = [f"{case.name}: {why}" for why in harness.end(ended, case)]
    return found + [f"{case.name} left {what}" for what in state.patterns(process.told(folder, name))]
