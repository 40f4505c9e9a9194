"""Finds the line of `params.yaml` that a problem is about, so that it is annotated where it can be mended.

It must not change what a problem says.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from mlops import yamls
from mlops.errors import Problem
from mlops.params.load import locate

_DOTTED = re.compile(r"[a-z_]+(?:\.[A-Za-z0-9_-]+)+")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def point(problem: Problem, path: Path) -> Problem:
    """The problem with file, line and column of the key that it names, or of the gate's rule for the metric it names.

    Unchanged where it is about another place, has a line already, or names no key that the file has.
    """
    name, _, rest = (problem.where or "").partition(",")
    if problem.line is not None or not path.is_file():
        return problem
    if problem.key and (name in ("", "params.yaml") or Path(name).name == path.name):
        return _at(problem, path)
    if Path(name).name != path.name:
        return problem
    for keys in _candidates(f"{rest} {problem.what}", path):
        if found := locate(path, *keys):
            return replace(problem, where=str(path), line=found[0], column=found[1])
    return problem


def _at(problem: Problem, path: Path) -> Problem:
    """The problem with the place of its key, or of the nearest block above it that the file has."""
    keys: list[str | int] = [int(part) if part.isdigit() else part for part in problem.key.split(".")]
    for length in range(len(keys), 0, -1):
        if found := locate(path, *keys[:length]):
            return replace(problem, where=str(path), line=found[0], column=found[1])
    return replace(problem, where=str(path))


def _candidates(text: str, path: Path) -> Iterator[tuple[str | int, ...]]:
    """Keys in the order of how well they fit: the whole of a dotted name, the metric of a rule, a name's beginning."""
    names = [tuple(found.split(".")) for found in _DOTTED.findall(text)]
    yield from names
    words = set(_WORD.findall(text))
    yield from (("gate", "rules", index) for index, metric in _metrics(path) if metric in words)
    for keys in names:  # a key with a default is not written; its block may be
        yield from (keys[:length] for length in range(len(keys) - 1, 0, -1))


def _metrics(path: Path) -> Iterator[tuple[int, str]]:
    try:
        values: Any = yamls.read(path.read_text(encoding="utf-8"))
        yield from enumerate(str(rule["metric"]) for rule in values["gate"]["rules"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return
