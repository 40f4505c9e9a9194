"""Rows with a question and an answer in columns of their own: Alpaca, prompt/completion, and columns that people name.

It must not guess between columns that mean the same: the first pair of a fixed list counts.
"""

from collections.abc import Iterator, Mapping

from mlops.domain.dataset.formats.turns import Converted, Row, converted, fault
from mlops.domain.dataset.rows import Fault, Reason

PAIRS = (
    ("prompt", "completion"), ("prompt", "response"), ("prompt", "output"), ("prompt", "answer"),
    ("question", "answer"), ("question", "response"), ("query", "response"), ("query", "answer"),
    ("input", "output"), ("instruction", "response"), ("instruction", "completion"), ("user", "assistant"),
    ("human", "assistant"), ("source", "target"), ("input_text", "target_text"), ("inputs", "targets"),
)  # fmt: skip
SYSTEMS = ("system", "system_prompt")
ROLES = ("system", "user", "context", "assistant")


def fits_alpaca(row: Row) -> bool:
    """`instruction` and `output`, often with `input`, `history` and `system`."""
    return isinstance(row.get("instruction"), str) and "output" in row


def of_alpaca(row: Row) -> Converted | Fault:
    """The instruction with its input below it, after the turns of `history`."""
    question = "\n\n".join(part for key in ("instruction", "input") if (part := _text(row.get(key))))
    return _told(_history(row.get("history")), question, row.get("output"), row)


def fits_pairs(row: Row) -> bool:
    """One of the known pairs of names, in whatever case."""
    return pair_of(row) is not None


def pair_of(row: Row) -> tuple[str, str] | None:
    """The columns of the question and of the answer."""
    names = {key.strip().lower(): key for key in row if isinstance(key, str)}
    return next(((names[one], names[two]) for one, two in PAIRS if one in names and two in names), None)


def of_pairs(row: Row) -> Converted | Fault:
    """One question and one answer."""
    pair = pair_of(row)
    assert pair
    context = next((text for key in ("context", "Context") if (text := _text(row.get(key)))), "")
    question = _text(row.get(pair[0]))
    history = _history(row.get("history"))
    return _told(history, f"{context}\n\n{question}" if context else question, row.get(pair[1]), row)


def fits_preference(row: Row) -> bool:
    """A chosen and a rejected answer."""
    return "chosen" in row and "rejected" in row


def of_preference(row: Row) -> Fault:  # noqa: ARG001 - one shape for every format
    """Nothing: which answer is worse cannot be said in our files."""
    what = "this is preference data (`chosen`, `rejected`); what was rejected would be lost"
    fix = "train on the chosen answers alone: --columns user=prompt,assistant=chosen"
    return Fault(Reason.UNSUPPORTED, what, fix)


def of_columns(row: Row, columns: Mapping[str, str]) -> Converted | Fault:
    """One question and one answer by a mapping: `system`, `user`, `context` (above the question) and `assistant`."""
    missing = [name for name in columns.values() if name not in row]
    if missing:
        there = ", ".join(f"`{key}`" for key in list(row)[:12])
        return fault(f"there is no column `{missing[0]}`", f"the row has {there or 'none'}: name one of these")
    found = {role: _text(row[name]) for role, name in columns.items()}
    question = "\n\n".join(part for role in ("context", "user") if (part := found.get(role, "")))
    return _told([], question, row[columns["assistant"]], {"system": found.get("system", "")})


def _told(history: list[tuple[str, object]] | Fault, question: str, answer: object, row: Row) -> Converted | Fault:
    if isinstance(history, Fault):
        return history
    if not question.strip():
        return Fault(Reason.EMPTY, "the question is empty", "write one, or take the row out")
    if not isinstance(answer, str):
        answer = str(answer) if isinstance(answer, int | float) and not isinstance(answer, bool) else ""
    if not answer.strip():
        return Fault(Reason.EMPTY, "the answer is empty", "write one, or take the row out")

    def turns() -> Iterator[tuple[object, object, Row]]:
        for speaker, content in [*history, ("user", question), ("assistant", answer)]:
            yield speaker, content, {}

    return converted(turns(), next((text for key in SYSTEMS if (text := _text(row.get(key)))), None))


def _history(value: object) -> list[tuple[str, object]] | Fault:
    """Earlier turns, as pairs of question and answer."""
    found: list[tuple[str, object]] = []
    for pair in value if isinstance(value, list | tuple) else ():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            return fault("`history` must be a list of [question, answer]", "write it so, or leave it out")
        found += [("user", pair[0]), ("assistant", pair[1])]
    return found


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
