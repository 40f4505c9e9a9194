"""The rules that stand, in order, and what each has met. Kept in the store, so a restart forgets none.

It must not know HTTP's sockets or bodies (`effects`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from azureml_emulator.core.clock import Clock, parse
from azureml_emulator.core.faults.rule import Rule
from azureml_emulator.core.faults.stale import Answers
from azureml_emulator.core.store import Store

SETTING = "faults"
MOST_KEPT = 100  # hits of one rule that are told one by one


@dataclass
class Entry:
    """A rule with its number, how many calls it let pass, how many met it, and the first and newest of these."""

    number: int
    rule: Rule
    passed: int = 0
    count: int = 0
    hits: list[dict[str, str]] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Whether it happened as often as it was to; without a bound, at all."""
        return self.count >= max(1, self.rule.times)

    def show(self) -> dict[str, Any]:
        """As the control surface answers it."""
        rule = {**asdict(self.rule), "headers": dict(self.rule.headers)}
        left = {"left": self.rule.times - self.count} if self.rule.times else {}
        return {"id": self.number, **rule, "count": self.count, **left, "met": self.met, "hits": self.hits}


class Faults:
    """All rules. A call meets the first that fits and is not used up."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.answers = Answers()
        kept = json.loads(store.setting(SETTING, "[]"))
        self.entries = [Entry(**{**one, "rule": Rule(**one["rule"])}) for one in kept]

    def add(self, rule: Rule) -> Entry:
        """Put a rule at the end of the list."""
        entry = Entry(max((one.number for one in self.entries), default=0) + 1, rule)
        self.entries.append(entry)
        self._keep()
        return entry

    def find(self, number: int) -> Entry | None:
        """The rule of that number, or None."""
        return next((one for one in self.entries if one.number == number), None)

    def remove(self, entry: Entry | None = None) -> None:
        """Take a rule away, or all."""
        self.entries = [one for one in self.entries if entry is not None and one is not entry]
        self._keep()

    def take(self, route: str, method: str, parts: Sequence[str]) -> Entry | None:
        """The rule that a call meets, counted at once; for outside a transaction, which might be undone."""
        for entry in self.entries:
            if not entry.rule.fits(route, method, parts) or self._is_over(entry):
                continue
            if entry.passed < entry.rule.skip:
                entry.passed += 1
                self._keep()
                continue
            entry.count += 1
            entry.hits = [
                *entry.hits[: MOST_KEPT - 1],
                {"at": self._clock.stamp(), "method": method, "path": parts[-1]},
            ]
            self._keep()
            return entry
        return None

    def give_back(self, entry: Entry) -> None:
        """The call did not come to what the rule is about: a refused request began no operation."""
        entry.count -= 1
        entry.hits = entry.hits[:-1]
        self._keep()

    def _is_over(self, entry: Entry) -> bool:
        rule = entry.rule
        if rule.times and entry.count >= rule.times:
            return True
        if not rule.lasts or not entry.hits:
            return False
        return (self._clock.now() - parse(entry.hits[0]["at"])).total_seconds() > rule.lasts

    def _keep(self) -> None:
        kept = [{**vars(one), "rule": asdict(one.rule)} for one in self.entries]
        self._store.set_setting(SETTING, json.dumps(kept))
