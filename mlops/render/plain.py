"""A typed result as JSON: what `--json` prints, and the JSON Schema that describes it."""

import dataclasses
from collections.abc import Mapping, Set
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

from mlops.domain.numbers import to_plain
from mlops.errors import MlopsError, Problem


def plain(value: Any) -> Any:
    """JSON-ready data: dataclasses as objects, enums as their values, times in ISO 8601, NaN and infinity as words."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Set):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return to_plain(value)


def envelope(verb: str, result: object = None, failure: MlopsError | None = None) -> dict[str, Any]:
    """The one object of `--json`: whether the verb ended well, its exit code, its result, and every problem."""
    return {
        "verb": verb,
        "ok": failure is None,
        "exit_code": failure.exit_code if failure else 0,
        "result": plain(result),
        "problems": [problem(failure, one) for one in failure.problems] if failure else [],
    }


def problem(failure: MlopsError, one: Problem) -> dict[str, Any]:
    """A problem for programs. `code` names the kind of failure; what is not known is null."""
    return {
        "code": failure.code,
        "key": one.key or None,
        "file": one.where,
        "line": one.line,
        "column": one.column,
        "what": one.what,
        "why": one.why or None,
        "fix": one.fix or None,
    }


def schema(verb: str, view: Any) -> dict[str, Any]:
    """The JSON Schema of a verb's object, from the type that its view renders."""
    from pydantic import TypeAdapter

    shape = TypeAdapter(get_type_hints(view.report)["result"]).json_schema(mode="serialization")
    texts = {name: {"type": ["string", "null"]} for name in ("key", "file", "why", "fix")}
    numbers = {name: {"type": ["integer", "null"]} for name in ("line", "column")}
    told = {"code": {"type": "string"}, "what": {"type": "string"}, **texts, **numbers}
    definitions = shape.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"mlops --json {verb}",
        "type": "object",
        "required": ["verb", "ok", "exit_code", "result", "problems"],
        "additionalProperties": False,
        "properties": {
            "verb": {"const": verb},
            "ok": {"type": "boolean"},
            "exit_code": {"type": "integer"},
            "result": {"anyOf": [shape, {"type": "null"}]},
            "problems": {
                "type": "array",
                "items": {"type": "object", "required": sorted(told), "properties": told},
            },
        },
        "$defs": definitions,
    }
