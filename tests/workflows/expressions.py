"""The expressions of the workflow files, and how one is written with the values of a case in it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

FILES = sorted((Path(__file__).resolve().parents[2] / ".github" / "workflows").glob("*.yml"))
STATUS = re.compile(r"\b(success|failure|cancelled|always)\(\)")
READS = re.compile(r"\b(needs|github|vars|inputs|steps|matrix)(\.[\w-]+)+")
CHOOSES = re.compile(r"&&|\|\||[=!]=|!|contains\(|fromJSON\(")
Case = Mapping[str, Any]


def expressions() -> dict[str, str]:
    """Where -> the expression, of every condition and of every value that chooses."""
    return {where: text for path in FILES for where, text in walk(path.stem, yaml.safe_load(path.read_text()))}


def walk(where: str, value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Places are named by what a reader looks for: jobs and steps by their id or name, not `jobs`, `steps`, `env`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "strategy":  # a matrix lists, and does not choose
                continue
            hidden = name in ("jobs", "steps", "env", "with")
            here = where if hidden else f"{where}.{name}"
            if name == "runs-on":  # one of two, as test_static knows
                here = "the runner of a job" + (" that checks a change" if "pull_request" in inner else "")
            yield from walk(here, inner, str(name))
    elif isinstance(value, list):
        for item in value:
            named = f"{where}.{item.get('id') or item.get('name')}" if isinstance(item, dict) else where
            yield from walk(named, item, key)
    elif isinstance(value, str):
        found = re.findall(r"\$\{\{(.*?)\}\}", value, re.DOTALL)
        if key == "if":
            yield where, found[0] if found else value
        else:
            yield from ((where, text) for text in found if CHOOSES.search(text))


def of(text: str, case: Case, *, condition: bool) -> str:
    """The expression with the values of a case; a condition that asks for no status means `success()` as well."""
    if condition:
        text = f"!!({text})" if STATUS.search(text) else f"!!(success() && ({text}))"
    status = said(case)
    text = re.sub(r"hashFiles\('[^']*'\)", "github.files", " ".join(text.split()))
    text = STATUS.sub(lambda found: str(status[found[1]]).lower(), text)
    known = {"github.files": case.get("files", ""), **case}
    return READS.sub(lambda found: literal(known[found[0]]), text)


def said(case: Case) -> dict[str, bool]:
    """What the functions of a status say in a case."""
    results = [value for name, value in case.items() if name.startswith("needs.") and name.endswith(".result")]
    status, canceled = case.get("status", "success"), bool(case.get("canceled"))
    return {
        "always": True,
        "cancelled": canceled or status == "cancelled",
        "failure": "failure" in results or status == "failure",
        "success": all(result == "success" for result in results) and not canceled and status == "success",
    }


def literal(value: Any) -> str:
    """As the expressions write it."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else json.dumps(value)
