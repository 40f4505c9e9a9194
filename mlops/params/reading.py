"""Reads `params.yaml` and reports every mistake in it at once, with line, column and what was probably meant.

It must not decide anything that needs a service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import ValidationError

from mlops import textfiles, yamls
from mlops.errors import MOST_TOLD, BadInput, Problem
from mlops.params import overlay, patterns
from mlops.params.block import Block
from mlops.params.overlay import Override
from mlops.params.schema import AT_KEY, Params

YAML_FIX = "look at the indentation and the colons of this line and the one before; quote a text that holds `: `"
NO_MATCH = "string_pattern_mismatch"
Where = tuple[str | int, ...]


def load(path: Path, changes: Sequence[Override] = (), *, rehearsal: bool = False) -> Params:
    """The parameters in a file, with `changes` on top and in a rehearsal its block `rehearsal`, too.

    Raises BadInput with all problems.
    """
    try:
        text = textfiles.read(path)
    except FileNotFoundError:
        raise BadInput(
            Problem(
                f"there is no {path}",
                fix="run this in the repository's top folder, or name that with -C, or the file with --params",
            )
        ) from None
    return parse(text, str(path), changes, rehearsal=rehearsal)


def parse(text: str, name: str = "params.yaml", changes: Sequence[Override] = (), *, rehearsal: bool = False) -> Params:
    """The parameters in a text; `name` is what problems call it. The block `rehearsal` is checked in any case."""
    try:
        root, values = yamls.compose(text), yamls.read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        why = error.problem or str(error)
        raise BadInput(Problem("not valid YAML", name, line, column, why, YAML_FIX)) from None
    except yaml.reader.ReaderError as error:  # a control character, which no line or column comes with
        line = text.count("\n", 0, text.find(chr(error.character))) + 1 if isinstance(error.character, int) else None
        raise BadInput(Problem("not valid YAML", name, line, why=" ".join(str(error).split()), fix=YAML_FIX)) from None
    if not isinstance(values, dict):
        fix = "start from the params.yaml of this repository"
        raise BadInput(Problem("must be a mapping of blocks such as model, data, training", name, fix=fix))
    repeated = _repeated(root, name)
    found = []
    for rehearsed in (False, True):
        on_top = (*(overlay.of_block(values) if rehearsed else ()), *changes)
        if rehearsed and len(on_top) == len(changes):
            continue  # the file says nothing of its own for a rehearsal
        changed, places = overlay.apply(values, on_top)
        try:
            found.append(Params.model_validate(changed).with_changes(on_top))
        except ValidationError as error:
            items = error.errors(include_url=False)  # which imports pydantic
            room = max(1, MOST_TOLD - len(repeated) - 1)  # to find the place of one reads the whole file
            told = [_refused(dict(item), places) or _problem(dict(item), root, name) for item in items[:room]]
            more = [f"and {len(items) - room:,} more"] if len(items) > room else []
            raise BadInput([*repeated, *told, *more]) from None
    if repeated:
        raise BadInput(repeated)
    return found[-1 if rehearsal else 0]


def _refused(item: dict[str, Any], places: Mapping[overlay.Place, Override]) -> Problem | None:
    """The problem of a value that a change wrote; None where the file itself wrote it."""
    where = _where(item)
    change = next((places[where[:length]] for length in range(len(where), 0, -1) if where[:length] in places), None)
    if change is None:
        return None
    if item["type"] == "extra_forbidden":
        return replace(overlay.problem_at(change, f"{change.key} is not a key that is known"), fix=_meant_key(where))
    told = overlay.problem_at(change, f"{change.key}: {_message(item)}")
    return replace(told, fix=_meant(item)) if _meant(item) else told


def _meant_key(where: Where) -> str:
    near = _near(where)
    return f"perhaps you meant {near[0]}" if near else f"known keys here: {', '.join(_known(where[:-1]))}"


def _near(where: Where) -> list[str]:
    """The known key that was perhaps meant, or nothing."""
    import difflib

    return difflib.get_close_matches(str(where[-1]), _known(where[:-1]), n=1)


def locate(path: Path, *keys: str | int) -> tuple[int, int] | None:
    """Line and column (from 1) of a key in the file, for annotations; None when it is not written there."""
    try:
        root = yamls.compose(textfiles.read(path))
    except (OSError, BadInput, yaml.YAMLError):
        return None
    node = _find(root, keys)
    return (node.start_mark.line + 1, node.start_mark.column + 1) if node is not None else None


def _problem(item: dict[str, Any], root: yaml.Node | None, name: str) -> Problem:
    where = _where(item)
    node = _find(root, where) or _find(root, where[:-1]) or root
    dotted = ".".join(str(part) for part in where)
    line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node else (None, None)
    if item["type"] == "extra_forbidden":
        return Problem(f"{dotted} is not a key that is known", name, line, column, fix=_meant_key(where))
    if item["type"] == "missing":
        return Problem(f"{dotted} is missing", name, line, column, fix=f"add {where[-1]}")
    if item["type"] == AT_KEY:
        other = _find(root, tuple(item["ctx"]["other"].split(".")))
        both = f"the other is on line {other.start_mark.line + 1}; give each its own" if other else "give each its own"
        fix = str(item["ctx"].get("fix") or both)
        return Problem(str(item["msg"]), name, line, column, fix=fix, key=dotted)
    message, given = _message(item), item.get("input")
    shown = f", not {given!r}" if isinstance(given, str | int | float | bool) else ""
    what = f"{dotted or 'the file'}: {message[:1].lower()}{message[1:]}{shown}"
    return Problem(what, name, line, column, fix=_meant(item))


def _message(item: Mapping[str, Any]) -> str:
    said = str(item["msg"]).removeprefix("Value error, ")
    return patterns.WORDS[item["ctx"]["pattern"]] if item["type"] == NO_MATCH else said


def _meant(item: Mapping[str, Any]) -> str:
    given = item.get("input")
    if item["type"] == "string_type" and isinstance(given, int | float):
        return "put the value in quotes: without them YAML reads a number, or true or false"
    return patterns.meant(".".join(map(str, item["loc"])), given) if item["type"] == NO_MATCH else ""


def _where(item: Mapping[str, Any]) -> Where:
    """The place of a mistake; one that is about several keys names the first of them itself."""
    return tuple(item["ctx"]["key"].split(".")) if item["type"] == AT_KEY else tuple(item["loc"])


def _find(node: yaml.Node | None, keys: Sequence[str | int]) -> yaml.Node | None:
    """The node of the last key, or for an item of a list the item."""
    for index, key in enumerate(keys):
        if isinstance(node, yaml.MappingNode):
            pairs = {str(k.value): (k, v) for k, v in node.value}
            if str(key) not in pairs:
                return None
            key_node, value = pairs[str(key)]
            node = key_node if index == len(keys) - 1 else value
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
        else:
            return None
    return node


def _known(where: Where) -> list[str]:
    kind: Any = Params
    for part in where:
        if not (isinstance(kind, type) and issubclass(kind, Block)):
            return []
        if isinstance(part, int):
            continue
        if part not in kind.keys:
            continue
        kind = _block(kind.keys[part][0]) or kind
    return sorted(kind.keys)


def _block(annotation: Any) -> type[Block] | None:
    """The block inside an annotation such as `X`, `X | None`, `tuple[X, ...]`, `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if found := _block(inner):
            return found
    return None


def _repeated(node: yaml.Node | None, name: str, path: str = "") -> list[Problem]:
    """Keys written twice: YAML would silently take the last."""
    if isinstance(node, yaml.SequenceNode):
        return [problem for child in node.value for problem in _repeated(child, name, path)]
    if not isinstance(node, yaml.MappingNode):
        return []
    seen: dict[str, int] = {}
    problems: list[Problem] = []
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in seen:
            problems.append(
                Problem(
                    f"{path}{key.value} is written twice",
                    name,
                    line,
                    key.start_mark.column + 1,
                    f"the first is on line {seen[key.value]}",
                    "keep one",
                )
            )
        seen.setdefault(key.value, line)
        problems += _repeated(value, name, f"{path}{key.value}.")
    return problems
