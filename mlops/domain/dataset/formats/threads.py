"""Exports of chat and help-desk systems (Slack, Teams, Zendesk and the like) by a mapping that people write.

The mapping says under which keys a message has its thread, time, author and text, and who answers. It must not read
files.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from mlops.domain.dataset.formats.turns import Converted, Row, converted, fault
from mlops.domain.dataset.rows import Fault, Place

KEYS = ("messages", "thread", "time", "author", "text", "assistant", "ignore", "system")


@dataclass(frozen=True)
class ThreadMapping:
    """Dotted keys into a message; `assistant` and `ignore` are patterns of an author's name.

    `messages` names the list of messages inside a row that is a whole thread; without it each row is one message and
    `thread` says which belong together.
    """

    author: str
    text: str
    assistant: tuple[str, ...]
    messages: str = ""
    thread: str = ""
    time: str = ""
    ignore: tuple[str, ...] = ()
    system: str = ""


def mapping_of(value: object) -> ThreadMapping:
    """The mapping in a decoded YAML file. Raises ValueError with what is wrong."""
    if not isinstance(value, Mapping):
        raise ValueError("a mapping file says keys and values, such as `author: user.name`")
    unknown = sorted(set(value) - set(KEYS))
    if unknown:
        raise ValueError(f"`{unknown[0]}` is no key of a mapping; there are {', '.join(KEYS)}")
    for key in ("author", "text", "assistant"):
        if not value.get(key):
            raise ValueError(f"`{key}` is missing")
    if not value.get("messages") and not value.get("thread"):
        raise ValueError("say `messages` (the list in a row) or `thread` (what messages of one thread share)")
    plain = {key: str(value[key]) for key in KEYS if key not in ("assistant", "ignore") and value.get(key)}
    assistant, ignore = (tuple(_list(value.get(key))) for key in ("assistant", "ignore"))
    return ThreadMapping(assistant=assistant, ignore=ignore, **plain)


def of_threads(rows: Iterable[tuple[Place, Row]], mapping: ThreadMapping) -> Iterator[tuple[Place, Converted | Fault]]:
    """One conversation for each thread, at the place of its first message."""
    if mapping.messages:
        for place, row in rows:
            messages = at(row, mapping.messages)
            if not isinstance(messages, list | tuple):
                yield place, fault(f"there is no list `{mapping.messages}`", "correct `messages` in the mapping file")
                continue
            yield place, _thread([one for one in messages if isinstance(one, Mapping)], mapping)
        return
    threads: dict[str, list[tuple[Place, Row]]] = {}
    for place, row in rows:
        name = at(row, mapping.thread)
        # The message that begins a thread in Slack names none: its own time is the thread's name.
        name = at(row, mapping.time) if name is None and mapping.time else name
        threads.setdefault(str(name), []).append((place, row))
    for messages_of in threads.values():
        yield messages_of[0][0], _thread([row for _, row in messages_of], mapping)


def at(row: Row, path: str) -> Any:
    """What stands at a dotted key; None where nothing does. A number counts in a list."""
    value: Any = row
    for key in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list | tuple) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _thread(messages: list[Row], mapping: ThreadMapping) -> Converted | Fault:
    """Turns in order of time; neighbours of one side are joined, and what stands before the first question is left."""
    if mapping.time:
        messages = sorted(messages, key=lambda message: _moment(at(message, mapping.time)))
    turns: list[tuple[str, list[str]]] = []
    for message in messages:
        author, text = str(at(message, mapping.author) or ""), at(message, mapping.text)
        if not isinstance(text, str) or not text.strip() or _named(author, mapping.ignore):
            continue
        role = "assistant" if _named(author, mapping.assistant) else "user"
        if turns and turns[-1][0] == role:
            turns[-1][1].append(text.strip())
        elif turns or role == "user":
            turns.append((role, [text.strip()]))
    if turns and turns[-1][0] == "user":
        turns.pop()
    if not turns:
        return fault("nobody answers in this thread", "check `assistant` in the mapping file, or take the thread out")
    return converted(((role, "\n\n".join(texts), {}) for role, texts in turns), mapping.system)


def _moment(value: object) -> tuple[int, float, str]:
    """Numbers, also as text (Slack), before other texts (ISO 8601 sorts as text)."""
    try:
        return (0, float(str(value)), "")
    except ValueError:
        return (1, 0.0, str(value))


def _named(author: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(author.lower(), pattern.lower()) for pattern in patterns)


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)] if value else []
