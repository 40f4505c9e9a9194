"""What a rehearsed workflow or command failed with, as a failure of ours with the same exit code."""

import subprocess
from collections.abc import Sequence
from typing import Any

from mlops import actions, jsons
from mlops.errors import ALL, MlopsError, Problem


def of_workflow(workflow: str, done: actions.ActRun) -> MlopsError:
    """The failed step's own failure: its exit code says the kind, its annotations say why."""
    problems = [_annotated(note) for note in done.annotations if note.level == "error"]
    code = done.exits[-1].code if done.exits else 1
    where = f"{done.exits[-1].job}, {done.exits[-1].step}" if done.exits else "a job"
    return by_code(code)(
        problems or [Problem(f"the workflow {workflow} failed in {where} with exit code {code}", why=done.cause())]
    )


def _annotated(note: actions.Annotation) -> Problem:
    return Problem(note.message, note.file or None, int(note.line) if note.line.isdecimal() else None)


def answer(words: Sequence[str], done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """What a command said with `--json`. Raises what it failed with."""
    try:
        found: dict[str, Any] = jsons.read(done.stdout)
    except ValueError:
        raise MlopsError(Problem(f"mlops {' '.join(words)}", why=done.stderr.strip())) from None
    if done.returncode:
        raise by_code(done.returncode)([problem(one) for one in found["problems"]])
    return found


def problem(stated: dict[str, Any]) -> Problem:
    """A problem as `--json` tells it."""
    texts = {name: str(stated[name] or "") for name in ("what", "why", "fix", "key")}
    return Problem(where=stated["file"], line=stated["line"], column=stated["column"], **texts)


def by_code(code: int) -> type[MlopsError]:
    """The kind of failure that an exit code stands for."""
    return next((kind for kind in ALL if kind.exit_code == code), MlopsError)
