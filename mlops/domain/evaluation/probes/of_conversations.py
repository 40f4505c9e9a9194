"""What a conversation of the team asks of every answer to it: `checks` beside its `messages`, as a probe has them.

They count where the conversation is held out. What is trained on and asked does not depend on them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from mlops.domain.dataset.rows import Fault, Reason
from mlops.domain.evaluation.probes.checks import Check, list_fault, passes

if TYPE_CHECKING:
    from mlops.domain.dataset.validate import Conversation, Messages

KEY = "checks"
METRIC = "checks"  # the share of the conversations that have checks whose answers pass all of them
FORMS = "data/probes/README.md has the form of each check"
Checks: TypeAlias = "Mapping[Messages, tuple[Check, ...]]"  # by the whole conversation, its true answer last


def fault_of(row: object, found: "Conversation") -> Fault | None:
    """What is wrong with the checks of a row, whose own answer has to pass them; None where it has none."""
    if not isinstance(row, Mapping) or row.get(KEY) is None:  # a column of a table that others fill
        return None
    if what := list_fault(row[KEY]):
        return Fault(Reason.SCHEMA, what, FORMS)
    answer = found.messages[-1][1]
    failed = next((check for check in row[KEY] if not passes(answer, check)), None)
    if failed is None:
        return None
    what = f"its own answer fails the check {json.dumps(failed, ensure_ascii=False)}"
    return Fault(Reason.SCHEMA, what, "correct the check or the answer")


def conversation(question: Sequence[Mapping[str, str]], truth: str) -> "Messages":
    """The key of a conversation that was asked."""
    return (*((turn["role"], turn["content"]) for turn in question), ("assistant", truth))


def passed(answer: str, checks: Sequence[Check]) -> bool:
    """Whether an answer passes all of them."""
    return all(passes(answer, check) for check in checks)
