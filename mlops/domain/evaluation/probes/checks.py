"""The checks that a probe's answer must pass, each decided by rule alone: the same answer passes today and tomorrow.

A check is an object of one key: the kind, and what it asks for.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mlops import jsons
from mlops.domain.evaluation.probes import languages, plain_schema
from mlops.domain.evaluation.probes.refusal import refuses

Spec = Any
Check = Mapping[str, Spec]
LENGTHS: dict[str, Callable[[str], int]] = {
    "words": lambda answer: len(answer.split()),
    "lines": lambda answer: len([line for line in answer.splitlines() if line.strip()]),
    "sentences": lambda answer: len(re.findall(r"[.!?。！？]+(?=\s|$|[^\s\d])", answer.strip())),  # noqa: RUF001
    "characters": lambda answer: len(answer.strip()),
}
_NUMBER = re.compile(r"[-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-−]?\d+(?:\.\d+)?")  # noqa: RUF001
_FENCED = re.compile(r"^```[a-z]*\s*\n(.*?)\n?```$", re.DOTALL)
_EDGES = " \t\r\n.!\"'`*_“”„"


def passes(answer: str, check: Check) -> bool:
    """Whether an answer meets a check that `fault` found nothing wrong with."""
    kind, wanted = next(iter(check.items()))
    if kind in LENGTHS:
        return bool(wanted.get("min", 0) <= LENGTHS[kind](answer) <= wanted.get("max", len(answer) + 1))
    return _KINDS[kind](answer, wanted)


def fault(check: object) -> str:
    """What is wrong with a check as it is written; empty when nothing is."""
    if not isinstance(check, dict) or len(check) != 1:
        return 'a check is an object of one key, such as {"matches": "Paris"}'
    kind, wanted = next(iter(check.items()))
    if kind not in _FORMS and kind not in LENGTHS:
        return f"{kind} is no check; there are {', '.join(sorted([*_FORMS, *LENGTHS]))}"
    return _length_fault(kind, wanted) if kind in LENGTHS else _FORMS[kind](wanted)


def list_fault(checks: object) -> str:
    """What is wrong with a list of checks; empty when nothing is."""
    if not isinstance(checks, list) or not checks:
        return "checks is a list of one or more"
    return next(filter(None, map(fault, checks)), "")


def _exact(answer: str, wanted: list[str]) -> bool:
    return _bare(answer) in [_bare(text) for text in wanted]


def _number(answer: str, wanted: float) -> bool:
    """The last number of the answer, where a result stands after its calculation."""
    found = _NUMBER.findall(answer)
    return bool(found) and float(found[-1].replace(",", "").replace("−", "-")) == wanted  # noqa: RUF001


def _matches(answer: str, wanted: str) -> bool:
    return re.search(wanted, answer, re.IGNORECASE) is not None


def _json(answer: str, schema: dict[str, Any]) -> bool:
    fenced = _FENCED.match(answer.strip())
    try:
        value = jsons.read(fenced[1] if fenced else answer)
    except ValueError:
        return False
    if plain_schema.is_plain(schema):
        return plain_schema.fits(value, schema)
    from jsonschema import Draft202012Validator

    return bool(Draft202012Validator(schema).is_valid(value))


_KINDS: dict[str, Callable[[str, Spec], bool]] = {
    "exact": _exact,
    "number": _number,
    "matches": _matches,
    "lacks": lambda answer, wanted: not _matches(answer, wanted),
    "json": _json,
    "refuses": lambda answer, wanted: refuses(answer) is wanted,
    "language": lambda answer, wanted: languages.is_in(wanted, answer),
}


def _texts_fault(wanted: Spec) -> str:
    right = isinstance(wanted, list) and bool(wanted) and all(isinstance(text, str) and _bare(text) for text in wanted)
    return "" if right else "exact takes a list of texts"


def _number_fault(wanted: Spec) -> str:
    return "" if isinstance(wanted, int | float) and not isinstance(wanted, bool) else "number takes a number"


def _pattern_fault(wanted: Spec) -> str:
    try:
        re.compile(wanted)
    except (re.error, TypeError) as error:
        return f"not a regular expression: {error}"
    return "" if wanted else "an empty pattern fits everything"


def _schema_fault(wanted: Spec) -> str:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(wanted)
    except SchemaError as error:
        return f"not a JSON schema: {error.message}"
    return "" if isinstance(wanted, dict) and wanted else "json takes a JSON schema"


def _length_fault(kind: str, wanted: Spec) -> str:
    right = isinstance(wanted, dict) and wanted and set(wanted) <= {"min", "max"}
    if not right or not all(isinstance(bound, int) and bound >= 0 for bound in wanted.values()):
        return f"{kind} takes min, max, or both, as whole numbers"
    return "" if wanted.get("min", 0) <= wanted.get("max", wanted.get("min", 0)) else f"{kind}: min is above max"


_FORMS: dict[str, Callable[[Spec], str]] = {
    "exact": _texts_fault,
    "number": _number_fault,
    "matches": _pattern_fault,
    "lacks": _pattern_fault,
    "json": _schema_fault,
    "refuses": lambda wanted: "" if isinstance(wanted, bool) else "refuses takes true or false",
    "language": lambda wanted: (
        "" if wanted in languages.KNOWN else f"language takes one of {', '.join(languages.KNOWN)}"
    ),
}


def _bare(text: str) -> str:
    return " ".join(text.split()).strip(_EDGES).casefold()
