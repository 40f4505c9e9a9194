"""What differs between two states of the repository, in the words of whoever changed it: parameters, conversations.

Pure. It must not decide whether anything is trained.
"""

import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

DOCUMENTS = ("*.md", "docs/*", "LICENSE", "CODEOWNERS")  # nothing that runs reads them
ABSENT = "-"


@dataclass(frozen=True)
class ParameterChange:
    """A key of params.yaml that has another value."""

    key: str
    before: str
    after: str


def parameters(before: Any, after: Any) -> list[ParameterChange]:
    """Every key, dotted, whose value differs; items of lists are counted from 0."""
    old, new = _flat(before), _flat(after)
    keys = dict.fromkeys([*new, *old])
    found = [ParameterChange(key, old.get(key, ABSENT), new.get(key, ABSENT)) for key in keys]
    return [item for item in found if item.before != item.after]


def conversations(before: bytes, after: bytes) -> tuple[int, int]:
    """How many lines of a JSONL file were added and removed; a changed line is one of each, and order is nothing."""
    old, new = (Counter(line for line in text.splitlines() if line.strip()) for text in (before, after))
    return (new - old).total(), (old - new).total()


def only_documents(paths: Sequence[str]) -> bool:
    """Whether all that changed is read by people alone; nothing changed is not only documents."""
    return bool(paths) and all(any(fnmatchcase(path, pattern) for pattern in DOCUMENTS) for path in paths)


class Area(StrEnum):
    """What a changed file belongs to."""

    PARAMETERS = "parameters"
    DATA = "data"
    WORKFLOWS = "workflows"
    PRODUCT = "product"
    DOCUMENTS = "documents"


def areas(paths: Iterable[str], project: str, params: str, data: str) -> list[Area]:
    """The areas that changed paths belong to, each once, in the order of `Area`.

    `paths` are from the top of the repository, `project` is the folder of the project there (`.` for the top); `params`
    and `data` are named from the project's folder. What belongs to nothing else is the product.
    """
    at = [posixpath.normpath(posixpath.join(project, name)) for name in (params, data)]  # shared data is beside it
    found = {_area(path, at[0], f"{at[1]}/") for path in paths}
    return [area for area in Area if area in found]


def _area(path: str, params: str, data: str) -> Area:
    if only_documents([path]):
        return Area.DOCUMENTS
    if path == params:
        return Area.PARAMETERS
    if path.startswith(data):
        return Area.DATA
    return Area.WORKFLOWS if path.startswith(".github/") else Area.PRODUCT


def _flat(value: Any, key: str = "") -> dict[str, str]:
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, Mapping) and value:
        items = value.items()
    elif isinstance(value, list) and value:
        items = enumerate(value)
    else:
        return {key: _text(value)} if key else {}
    return {name: text for part, inner in items for name, text in _flat(inner, f"{key}.{part}".lstrip(".")).items()}


def _text(value: Any) -> str:
    """A value as text; 5 and 5.0 mean the same in params.yaml."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
