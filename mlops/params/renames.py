"""Keys of params.yaml that have another name now, and the rewriting of a file that has the old one.

Only the words of the key change: comments, order, quotes and indentation stay, byte for byte.
"""

from collections.abc import Iterator, Sequence

import yaml

from mlops import yamls
from mlops.params.overlay import BLOCK

# Old name -> new last part; `*` is any key. A row stays as long as anybody may have the old one.
RENAMED = {"environments.*.soak_seconds": "bake_seconds"}
_ANY = "*"


def rewritten(text: str) -> tuple[str, tuple[str, ...]]:
    """The file with each old key under its new name, and what was renamed. Raises yaml.YAMLError."""
    root = yamls.compose(text)
    found = list(_old(root, ())) if root else []
    lines = text.splitlines(keepends=True)
    for node, old, new in sorted(found, key=lambda one: -one[0].start_mark.column):
        row, start, end = node.start_mark.line, node.start_mark.column, node.end_mark.column
        at = lines[row].rindex(old, start, end)
        lines[row] = f"{lines[row][:at]}{new}{lines[row][at + len(old) :]}"
    ordered = sorted(found, key=lambda one: one[0].start_mark.line)
    return "".join(lines), tuple(f"line {node.start_mark.line + 1}: {old} is {new}" for node, old, new in ordered)


def _old(node: yaml.Node, above: tuple[str, ...]) -> Iterator[tuple[yaml.ScalarNode, str, str]]:
    """Each key with an old name: the key itself, its old last part, the new one."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        place = (*above, *str(key.value).split(".")) if above == (BLOCK,) else (*above, str(key.value))
        dotted = place[1:] if place[0] == BLOCK else place
        if new := _new_name(dotted):
            yield key, dotted[-1], new
        yield from _old(value, place)


def _new_name(place: Sequence[str]) -> str:
    for old, new in RENAMED.items():
        parts = old.split(".")
        if len(parts) == len(place) and all(part in (_ANY, given) for part, given in zip(parts, place, strict=True)):
            return new
    return ""
