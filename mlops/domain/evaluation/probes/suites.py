"""Reads probe suites, one file a category, and says what is wrong with file and line.

Each probe proves itself: its right answer must pass its checks, and its wrong one must fail.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops import jsons
from mlops.domain.evaluation.probes.checks import Check, list_fault, passes
from mlops.errors import BadInput, Problem

KEYS = {"id", "messages", "checks", "right", "wrong"}
ENDING = ".jsonl"
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Probe:
    """One question and what its answer must be like. `category` is the name of its file."""

    id: str
    category: str
    messages: tuple[Mapping[str, str], ...]
    checks: tuple[Check, ...]
    right: str
    wrong: str

    def passed(self, answer: str) -> bool:
        """Whether an answer passes every check."""
        return all(passes(answer, check) for check in self.checks)


def read(files: Sequence[tuple[str, str]], *, proven: bool = False) -> tuple[Probe, ...]:
    """The probes of (path, text) in order. Raises BadInput with everything that is wrong in any of them.

    Those that are `proven` were read before and were right.
    """
    found: dict[str, Probe] = {}
    problems: list[Problem] = []
    for path, text in files:
        category = path.replace("\\", "/").rpartition("/")[2].removesuffix(ENDING)
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            probe = _probe(line, category, proven)
            what = probe if isinstance(probe, str) else "" if proven else _misfit(probe, found)
            if what:
                problems.append(Problem(what, path, number, fix="data/probes/README.md has the form of a probe"))
            elif isinstance(probe, Probe):
                found[probe.id] = probe
    if problems:
        raise BadInput(problems)
    return tuple(found.values())


def _probe(line: str, category: str, proven: bool) -> Probe | str:
    try:
        stated = jsons.read(line)
    except ValueError as error:
        return f"not valid JSON: {error}"
    if not isinstance(stated, dict) or set(stated) != KEYS:
        return f"a probe is an object with {', '.join(sorted(KEYS))}"
    for key in ("id", "right", "wrong"):
        if not isinstance(stated[key], str) or not stated[key].strip():
            return f"{key} is a text that is not empty"
    if what := _messages_fault(stated["messages"]):
        return what
    checks = stated["checks"]
    if what := "" if proven else list_fault(checks):
        return what
    return Probe(stated["id"], category, tuple(stated["messages"]), tuple(checks), stated["right"], stated["wrong"])


def _messages_fault(messages: Any) -> str:
    if not isinstance(messages, list) or not messages:
        return "messages is a list of turns"
    for turn in messages:
        good = isinstance(turn, dict) and set(turn) == {"role", "content"} and turn["role"] in ROLES
        if not good or not isinstance(turn["content"], str) or not turn["content"].strip():
            return f"a turn has a role ({', '.join(ROLES)}) and a content that is not empty"
    return "" if messages[-1]["role"] == "user" else "the last turn is the user's, who waits for the answer"


def _misfit(probe: Probe, before: Mapping[str, Probe]) -> str:
    if probe.id in before:
        return f"the id {probe.id} is used twice"
    if not probe.passed(probe.right):
        failed = next(check for check in probe.checks if not passes(probe.right, check))
        return f"{probe.id}: its right answer fails the check {json.dumps(failed, ensure_ascii=False)}"
    return f"{probe.id}: its wrong answer passes every check" if probe.passed(probe.wrong) else ""
