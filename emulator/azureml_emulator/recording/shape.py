"""The shape of JSON: which fields there are and of what type; and how two shapes differ.

It must not know where a value came from.
"""

from collections.abc import Iterator
from typing import Any

Shape = dict[str, set[str]]  # path -> types seen there; a list's elements stand below `[]`


def of(value: Any) -> Shape:
    """The shape of a value."""
    found: Shape = {}
    for path, kind in _walk("", value):
        found.setdefault(path, set()).add(kind)
    return found


def differences(real: Any, emulated: Any) -> tuple[list[str], list[str]]:
    """What the second lacks or has otherwise, and what it has more. A null fits any type."""
    wanted, got = of(real), of(emulated)
    lacking = []
    for path, kinds in sorted(wanted.items()):
        stated = kinds - {"null"}
        if not stated or _below_missing(path, got):
            continue
        if path not in got:
            lacking.append(f"{path or 'the body'} is missing ({'/'.join(sorted(stated))})")
        elif (got[path] - {"null"}) and not _same(stated, got[path] - {"null"}):
            lacking.append(f"{path or 'the body'} is {'/'.join(sorted(got[path]))} and not {'/'.join(sorted(stated))}")
    more = [path for path in sorted(got) if path not in wanted and not _below_missing(path, wanted)]
    return lacking, more


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield path, "object"
        for key, item in value.items():
            yield from _walk(f"{path}.{key}" if path else str(key), item)
    elif isinstance(value, list):
        yield path, "list"
        for item in value:
            yield from _walk(f"{path}[]", item)
    else:
        yield path, _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"


def _same(one: set[str], other: set[str]) -> bool:
    return bool(one & other)


def _below_missing(path: str, shape: Shape) -> bool:
    """Whether what holds the path is missing itself, or holds nothing: it is not said again for all that it held."""
    holder = path.rpartition(".")[0] if "." in path.rpartition("[]")[2] else path.removesuffix("[]").rpartition(".")[0]
    if path.endswith("[]"):
        holder = path.removesuffix("[]")
        return holder in shape  # an empty list says nothing about its elements
    return bool(holder) and (holder not in shape or shape[holder] <= {"null"})
