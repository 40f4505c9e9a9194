"""The truth tables of the workflow files once more, decided by GitHub's own expression library instead of act's.

Each expression stands as it is in the file, and reads a context, so a misspelt name is null as it is on GitHub.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.expressions import STATUS, Case, expressions, said
from tests.workflows.meanings import TABLES

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path(sys.prefix) / "expressions" / "node_modules"
HERE = ROOT / "tools" / "expressions"


def asked(text: str, case: Case, *, condition: bool) -> str:
    """The expression of a case with what it reads, as a line for `decide.mjs`."""
    if condition:
        text = f"!!({text})" if STATUS.search(text) else f"!!(success() && ({text}))"
    context: dict[str, Any] = {name: {} for name in ("needs", "github", "vars", "inputs", "steps", "matrix")}
    for name, value in case.items():
        place, *rest = name.split(".")
        if not rest:
            continue
        inner = context[place]
        for part in rest[:-1]:
            inner = inner.setdefault(part, {})
        inner[rest[-1]] = value
    functions = {**said(case), "hashFiles": case.get("files", "")}
    return json.dumps({"text": " ".join(text.split()), "context": context, "functions": functions})


@pytest.fixture(scope="module")
def decided() -> dict[str, list[Any]]:
    """Where -> what the library makes of each case."""
    node = shutil.which("node")
    if node is None or not LIBRARY.is_dir():
        pytest.skip("no library here; `make expressions` installs it where there is npm")
    lines = [
        (where, asked(text, case, condition=where.endswith(".if")))
        for where, text in expressions().items()
        for case in TABLES[where].cases()
    ]
    done = subprocess.run(
        [node, str(HERE / "decide.mjs"), str(LIBRARY)],
        input="\n".join(line for _, line in lines),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[Any]] = {}
    for (where, _), answer in zip(lines, done.stdout.splitlines(), strict=True):
        found.setdefault(where, []).append(json.loads(answer)["value"])
    return found


def test_github_decides_as_it_is_meant(decided: dict[str, list[Any]]) -> None:
    wrong = [
        (where, case, got)
        for where, table in TABLES.items()
        for case, got in zip(table.cases(), decided[where], strict=True)
        if got != table.meant(case)
    ]
    assert not wrong
    assert sum(map(len, decided.values())) > 1000, "this test looks at nothing"


def test_the_pinned_library_is_the_installed_one() -> None:
    """Where it is here."""
    if not LIBRARY.is_dir():
        pytest.skip("no library here; `make expressions` installs it where there is npm")
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["@actions/expressions"]
    assert json.loads((LIBRARY / "@actions/expressions/package.json").read_text())["version"] == wanted
