"""What the service was recorded to answer, call by call: status, and which keys with values of which types.

A row of emulator/tests/recorded_facts is one call: `do` (method and path below the workspace), `at` (version of the
interface), `send`, `status` and `shape`. A shape names keys: `a` is a text, `a=null` another type, `a(b c)` an object,
`a[(b)]` a list of objects, `a[]` an empty one; `@name` stands for keys that the file names once.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azureml_emulator.catalog import read_file
from azureml_emulator.recording.shape import Shape, of

FOLDER = Path(__file__).resolve().parent.parent / "recorded_facts"
_WORDS = re.compile(r"\(|\)|\[|\]|[^\s()\[\]]+")
_SHORT = {"bool": "boolean", "int": "number", "float": "number"}
Ask = Callable[[str, str, Any], tuple[int, Any, Mapping[str, str]]]  # method, URL, body -> status, answer, headers
PLACES = {"operation": "azure-asyncoperation", "result": "location"}  # what a call may name of the answer before it


@dataclass(frozen=True)
class Fact:
    """One recorded call."""

    do: str
    at: str
    status: int
    shape: str = ""
    send: Any = None
    needs: bool = False  # makes what a later call is about; its own answer was not recorded
    query: str = ""
    keep: str = ""  # the name by which later calls of the same test name what this one answers as its id
    names: dict[str, str] = field(default_factory=dict)

    @property
    def call(self) -> str:
        """What it is called in a report."""
        return f"{self.do} at {self.at}"

    def keys(self) -> Shape | None:
        """The paths of its answer and their types; None where nothing was recorded of it."""
        return parsed(self.shape, self.names) if self.shape else None


def groups() -> Iterator[tuple[str, list[Fact]]]:
    """Every test that was recorded, with its calls in their order."""
    for path in sorted(FOLDER.glob("*.yml")):
        file = read_file(path)
        names = file.get("names") or {}
        for group, rows in file["facts"].items():
            yield f"{path.stem}: {group}", [Fact(**row, names=names) for row in rows]


def differences(fact: Fact, status: int, answer: Any) -> list[str]:
    """What a program could notice: another class of status, a key that is missing, more, or of another type."""
    if status // 100 != fact.status // 100:
        return [f"status {status}, not {fact.status}"]
    wanted = fact.keys()
    if wanted is None:
        return []
    got = of(answer)
    lacking = [f"lacks {path} ({'/'.join(sorted(wanted[path]))})" for path in sorted(wanted.keys() - got.keys())]
    more = [f"has {path} ({'/'.join(sorted(got[path]))})" for path in sorted(got.keys() - wanted.keys())]
    other = [
        f"{path} is {'/'.join(sorted(got[path]))}, not {'/'.join(sorted(wanted[path]))}"
        for path in sorted(wanted.keys() & got.keys())
        if wanted[path] != got[path]
    ]
    return lacking + more + other


def parsed(text: str, names: dict[str, str]) -> Shape:
    """A shape from its notation."""
    while found := re.search(r"@(\w+)", text):
        text = text[: found.start()] + names[found[1]] + text[found.end() :]
    words = _WORDS.findall(text)
    found_keys: Shape = {"": {"object"}}
    _keys(words, "", found_keys)
    assert not words, words
    return found_keys


def _keys(words: list[str], place: str, found: Shape) -> None:
    while words and words[0] not in (")", "]"):
        name, _, kind = words.pop(0).partition("=")
        path = f"{place}.{name}" if place else name
        found.setdefault(path, set()).add(_value(words, path, found, kind))


def _value(words: list[str], path: str, found: Shape, kind: str) -> str:
    if words and words[0] == "(" and not kind:
        words.pop(0)
        _keys(words, path, found)
        words.pop(0)
        return "object"
    if words and words[0] == "[" and not kind:
        words.pop(0)
        while words[0] != "]":
            one = "" if words[0] in "([" else words.pop(0)
            found.setdefault(f"{path}[]", set()).add(_value(words, f"{path}[]", found, _SHORT.get(one, one)))
        words.pop(0)
        return "list"
    return _SHORT.get(kind, kind or "text")


def replayed(ask: Ask, base: str, names: dict[str, str]) -> Iterator[tuple[str, Fact, list[str]]]:
    """Every recorded call, asked of what `ask` reaches, and how the answer differs. `names` are put for `{name}`."""
    for number, (group, facts) in enumerate(groups()):
        own = {**names, "name": f"{names['name']}{number}", "endpoint": f"{names['endpoint']}{number}"}
        for fact in facts:
            method, _, path = _named(fact.do, own).partition(" ")
            where = path if path.startswith("https:") else f"{base}/{path}".rstrip("/")
            query = f"api-version={fact.at}" + (f"&{_named(fact.query, own)}" if fact.query else "")
            status, answer, headers = ask(method, where if "?" in where else f"{where}?{query}", _named(fact.send, own))
            own |= {name: headers[header] for name, header in PLACES.items() if headers.get(header)}
            if isinstance(answer, dict):
                own |= {f"answered_{key}": value for key, value in answer.items() if isinstance(value, str)}
                own |= {fact.keep: answer.get("id", "")} if fact.keep else {}
            yield group, fact, differences(fact, status, answer)


def _named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _named(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    return re.sub(r"(?<!\{)\{(\w+)\}", lambda found: names[found[1]], value) if isinstance(value, str) else value
