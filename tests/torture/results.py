"""What was tried and how it ended, a line each in a file, so that a run that was stopped goes on where it was."""

import json
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

_MOVING = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|:\d+$")


@dataclass(frozen=True)
class Tried:
    """One trouble of one case: its kind, at which call and what that asked, and what was wrong."""

    case: str
    kind: str
    call: int
    what: str
    seconds: float
    wrong: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, int]:
        """What is tried once."""
        return self.case, self.kind, self.call


@dataclass
class Results:
    """All that was tried, with what earlier runs tried where a file is kept; what ended wrong is tried again."""

    file: Path | None
    found: dict[tuple[str, str, int], Tried] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)  # case -> its calls undisturbed, and in how many classes
    broken: list[str] = field(default_factory=list)  # cases that fail without trouble
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.file and self.file.exists():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                stated = json.loads(line)
                self._keep(Tried(**{**stated, "wrong": tuple(stated["wrong"])}))

    def is_done(self, case: str, kind: str, call: int, what: str) -> bool:
        """Whether it was tried and ended right; not where another call has that number now."""
        known = self.found.get((case, kind, call))
        return known is not None and not known.wrong and _same(known.what, what)

    def only(self, cases: Iterable[str], planned: Collection[tuple[str, str, int]]) -> None:
        """Forget of some cases what is not planned: the product was changed since."""
        names = set(cases)
        self.found = {key: one for key, one in self.found.items() if one.case not in names or key in planned}

    def add(self, tried: Tried) -> None:
        """Keep one, at once."""
        self._keep(tried)
        if self.file:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(tried)) + "\n")

    def _keep(self, tried: Tried) -> None:
        self.found[tried.key] = tried

    def of(self, cases: Iterable[str]) -> list[Tried]:
        """Those of some cases."""
        names = set(cases)
        return [tried for tried in self.found.values() if tried.case in names]

    def wrong(self, cases: Iterable[str]) -> list[str]:
        """Every wrong end of some cases."""
        ends = [
            f"{tried.case}: {tried.kind} at call {tried.call} ({tried.what[-90:]}): {why}"
            for tried in self.of(cases)
            for why in tried.wrong
        ]
        return [*self.broken, *ends]

    def report(self, cases: Iterable[str]) -> str:
        """The figures of some cases, for people."""
        names = list(cases)
        tried, wrong = self.of(names), self.wrong(names)
        spent, now = sum(one.seconds for one in tried), time.monotonic() - self.begun
        kinds, each = Counter(one.kind for one in tried), Counter(one.case for one in tried)
        mean = spent / len(tried) if tried else 0.0
        head = f"tried {len(tried)} times in {spent:.0f} s, {mean:.2f} s each ({now:.0f} s now)"
        lines = [f"{head}; wrong ends: {len(wrong)}"]
        lines += [f"  {kind:<14} {count:>6}" for kind, count in sorted(kinds.items())]
        lines += [f"  {name}: {each[name]} tried; calls undisturbed: {self.calls.get(name, '?')}" for name in names]
        return "\n".join([*lines, *wrong])


def _same(one: str, other: str) -> bool:
    """Whether two calls ask the same from the same file; ids are drawn, and lines move."""
    return _MOVING.sub("", one) == _MOVING.sub("", other)
