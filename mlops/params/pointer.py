"""Finds the line of `params.yaml` that a problem is about, so that it is annotated where it can be fixed."""

from dataclasses import replace
from pathlib import Path

from mlops.errors import Problem
from mlops.params.reading import locate

FILE = "params.yaml"  # how a problem names the file of parameters, whatever it is called


def point(problem: Problem, path: Path) -> Problem:
    """The problem with file, line and column of its key, or of the nearest block above it that the file has.

    Unchanged where it has no key, has a line already, or says that it is about another place.
    """
    name = problem.where or FILE
    if not problem.key or problem.line is not None or not path.is_file():
        return problem
    if name != FILE and Path(name).name != path.name:
        return problem
    keys: list[str | int] = [int(part) if part.isdigit() else part for part in problem.key.split(".")]
    for length in range(len(keys), 0, -1):
        if found := locate(path, *keys[:length]):
            return replace(problem, where=str(path), line=found[0], column=found[1])
    return replace(problem, where=str(path))
