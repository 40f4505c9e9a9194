"""MLflow's search: reads a filter and an order, and applies them to runs as MLflow shows them.

It must not know the store. Source: MLflow's documentation of search_runs; a form it does not know is refused, never
passed over.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json

_CONDITION = re.compile(
    r"""^\s*(?:(?P<kind>\w+)\.)?(?P<key>"[^"]+"|`[^`]+`|[\w.\-/]+)\s*
    (?P<sign>!=|>=|<=|=|>|<|\bNOT\s+IN\b|\bIN\b|\bNOT\s+LIKE\b|\bI?LIKE\b)\s*(?P<value>.+?)\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_KINDS = {
    "metric": "metrics", "metrics": "metrics", "param": "params", "params": "params", "parameter": "params",
    "parameters": "params", "tag": "tags", "tags": "tags", "attribute": "info", "attributes": "info", "attr": "info",
    "run": "info", "": "info",
}  # fmt: skip
_ATTRIBUTES = {"created": "start_time", "run_name": "run_name", "run name": "run_name"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def select(found: Sequence[Json], text: str) -> list[Json]:
    """The runs that a filter lets through. Raises a 400 for one that cannot be read."""
    tests = [_test(part) for part in _split(text)]
    return [run for run in found if all(test(run) for test in tests)]


def order(found: Sequence[Json], by: Sequence[str]) -> list[Json]:
    """The runs in an order; those without the value come last."""
    ordered = list(found)
    for text in reversed([str(part) for part in by]):
        key, _, direction = text.strip().rpartition(" ") if text.strip().split()[-1:] else ("", "", "")
        if direction.upper() not in ("ASC", "DESC"):
            key, direction = text.strip(), "ASC"
        kind, name = _field(key)
        with_value = [run for run in ordered if _value(run, kind, name) is not None]
        without = [run for run in ordered if _value(run, kind, name) is None]
        with_value.sort(key=lambda run: _value(run, kind, name), reverse=direction.upper() == "DESC")
        ordered = with_value + without
    return ordered


def _split(text: str) -> list[str]:
    """The conditions between `and`, which quotes protect."""
    parts = re.findall(r"'[^']*'|\"[^\"]*\"|\S+|\s+", text)
    conditions = [""]
    for part in parts:
        if part.lower() == "and":
            conditions.append("")
        else:
            conditions[-1] += part
    return [part for part in conditions if part.strip()]


def _test(text: str) -> Callable[[Json], bool]:
    match = _CONDITION.match(text)
    if not match:
        raise _refuse(f"Invalid clause(s) in filter string: '{text.strip()}'")
    kind, name = _field(f"{match['kind']}.{match['key']}" if match["kind"] else match["key"])
    sign, stated = " ".join(match["sign"].upper().split()), match["value"]
    if sign in ("IN", "NOT IN"):
        listed = re.findall(r"'([^']*)'|\"([^\"]*)\"", stated)
        allowed = {first or second for first, second in listed}
        return lambda run: (_value(run, kind, name) in allowed) == (sign == "IN")
    if "LIKE" in sign:
        pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in _unquoted(stated))
        like = re.compile(pattern, re.DOTALL | (re.IGNORECASE if sign == "ILIKE" else 0))
        return lambda run: bool(like.fullmatch(str(_value(run, kind, name) or ""))) != sign.startswith("NOT")
    wanted = _wanted(kind, name, stated)

    def fits(run: Json) -> bool:
        value = _value(run, kind, name)
        return value is not None and _COMPARE[sign](value, wanted)

    return fits


def _wanted(kind: str, name: str, stated: str) -> Any:
    if kind == "metrics" or name in ("start_time", "end_time", "creation_time", "last_update_time"):
        try:
            return float(stated)
        except ValueError as error:
            raise _refuse(f"Expected numeric value for {name}, found {stated}") from error
    if stated[:1] not in "'\"":
        raise _refuse(f"Expected a quoted string value for {name}, found {stated}")
    return _unquoted(stated)


def _field(text: str) -> tuple[str, str]:
    kind, dot, key = text.partition(".")
    if not dot:
        kind, key = "", text
    if kind.lower() not in _KINDS:
        raise _refuse(f"Invalid entity type '{kind}'. Valid values are metric, parameter, tag, attribute")
    name = _unquoted(key.strip("`"))
    family = _KINDS[kind.lower()]
    return family, _ATTRIBUTES.get(name.lower(), name) if family == "info" else name


def _value(run: Json, kind: str, name: str) -> Any:
    if kind == "info":
        return run["info"].get(name)
    for item in run["data"][kind]:
        if item["key"] == name:
            return float(item["value"]) if kind == "metrics" else item["value"]
    return None


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _refuse(text: str) -> ServiceError:
    return ServiceError(400, "BadRequest", text)
