"""A plugin of pytest that notes the CPU time of each test, with that of the processes it started; see `suite.py`.

Seconds of the clock are noted, too: what only waits uses no CPU.
An emulator outlives the test that started it, so each test is charged with what it had the emulator do meanwhile. It
outlives the process that started it, too: `orphans.py` is given those whose parents have ended.
"""

import json
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
OUT = "SUITE_COSTS"  # the folder for one file of rows a process of pytest
ORPHANS = os.environ.get("SUITE_ORPHANS", "")  # the process that is given them, if it is the parent of this one


def _forget_the_way_here() -> None:
    """Take this folder out of PYTHONPATH, which the suite has not: a rehearsal forks no command where that is set."""
    others = [one for one in os.environ.pop("PYTHONPATH", "").split(os.pathsep) if one not in ("", str(HERE))]
    if others:
        os.environ["PYTHONPATH"] = os.pathsep.join(others)


_forget_the_way_here()


def used() -> float:
    """CPU seconds so far of this process and of everything that it started, that which runs and that which ended."""
    here = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in here) + sum(_below(os.getpid())) + sum(_orphans())


def _orphans() -> Iterator[float]:
    """What ended and was buried by the process above this one, and what still runs below it beside this one."""
    if str(os.getppid()) == ORPHANS:
        if fields := _fields(ORPHANS):
            yield sum(map(int, fields[13:15])) / TICKS
        yield from _below(os.getppid(), but=os.getpid())


def _below(pid: int, but: int = 0) -> Iterator[float]:
    """Each process that descends from this one and was not waited for, with its own ended children."""
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(thread).split():
            if int(child) != but and (fields := _fields(child)):
                yield sum(map(int, fields[11:15])) / TICKS
                yield from _below(int(child))


def _fields(pid: str) -> list[str]:
    """Of /proc/PID/stat what comes after the name of the program, as proc(5) lists it from its third field."""
    return _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()


def _read(path: Path) -> str:
    """What the kernel says of a process; nothing of one that ended meanwhile."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


class Costs:
    """Rows of one process of pytest: what was done, CPU seconds and those of the clock."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8")
        self._before = 0.0  # so that the start of the process is part of what collecting takes
        self._begun = time.monotonic()
        self._worker = False

    def note(self, what: str) -> None:
        """Charge what was used since the last row to this, and the time since it began."""
        now, late = used(), time.monotonic() - self._begun
        print(json.dumps([what, round(now - self._before, 4), round(late, 4)]), file=self._file, flush=True)
        self._before, self._begun = now, time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Everything up to here: imports, plugins, the tests of all files."""
        if session.items:  # a process that only hands tests to workers has none
            self._worker = True
            self.note("collection")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """With the fixtures that it is the first to ask for, and those that are torn down after it."""
        self._begun = time.monotonic()  # and not while another worker had the next test
        yield
        self.note(item.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The end, and in the process that hands out tests the handing out."""
        if self._worker:
            self.note("end")


@pytest.hookimpl
def pytest_configure(config: pytest.Config) -> None:
    """Only where the program that adds the rows up asked for them."""
    if folder := os.environ.get(OUT):
        config.pluginmanager.register(Costs(Path(folder)), "suite-costs")
