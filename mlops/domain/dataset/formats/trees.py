"""Trees of replies, as OpenAssistant publishes them: a tree in one row, or one message in each row.

Of each tree one conversation is taken: the reply with the best rank at every turn, up to the last answer. Other
replies begin with the same turns and would be near duplicates; how many there were is said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlops.domain.dataset.formats.turns import Converted, Row, converted, fault, role_of
from mlops.domain.dataset.rows import Fault, Place

DEEPEST = 200  # turns of a tree; a longer one points at itself
LEFT_OUT = "other replies of the same trees were left out"


def fits_tree(row: Row) -> bool:
    """A whole tree under `prompt`, or a message with `replies`."""
    root = row.get("prompt", row)
    return isinstance(root, Mapping) and "text" in root and isinstance(root.get("replies"), list)


def of_tree(row: Row) -> Converted | Fault:
    """The best path through a tree."""
    root = row.get("prompt", row)
    assert isinstance(root, Mapping)
    return _best(root, lambda message: message.get("replies") or ())


def fits_message(row: Row) -> bool:
    """One message of a tree."""
    return {"message_id", "parent_id", "text", "role"} <= row.keys()


def of_messages(rows: Iterable[tuple[Place, Row]]) -> Iterator[tuple[Place, Converted | Fault]]:
    """One conversation for each tree; a message whose parent is missing is a fault of its own."""
    given = list(rows)
    known = {row["message_id"] for _, row in given}
    children: dict[Any, list[Row]] = {}
    for _, row in given:
        children.setdefault(row["parent_id"], []).append(row)
    for place, row in given:
        if row["parent_id"] in (None, ""):
            yield place, _best(row, lambda message: children.get(message["message_id"], ()))
        elif row["parent_id"] not in known:
            yield place, fault("the message that this one answers is missing", "export whole trees")


def _best(root: Row, replies: Any) -> Converted | Fault:
    path, others, message = [root], 0, root
    while len(path) < DEEPEST:
        found = sorted(
            (reply for reply in replies(message) if isinstance(reply, Mapping) and not reply.get("deleted")), key=_rank
        )
        if not found:
            break
        others += len(found) - 1
        message = found[0]
        path.append(message)
    while path and role_of(path[-1].get("role")) != "assistant":
        path.pop()
    if not path:
        return fault("no message of this tree is an answer", "take the tree out")
    done = converted((message.get("role"), message.get("text"), {}) for message in path)
    if isinstance(done, Fault) or not others:
        return done
    return Converted(done.messages, done.notes + Counter({LEFT_OUT: others}))


def _rank(message: Row) -> tuple[bool, float]:
    rank = message.get("rank")
    return (rank is None, float(rank) if isinstance(rank, int | float) else 0.0)
