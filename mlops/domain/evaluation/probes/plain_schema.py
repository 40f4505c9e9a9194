"""Judges a value by a JSON schema of the plain kind, as probes have them; any other is for jsonschema.

Importing that library takes longer than all else that a gate does with the answers. A property test holds both to the
same verdicts. It must not judge a schema: whoever reads the probes has done that.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return _is_number(value) and (isinstance(value, int) or float(value).is_integer())  # type: ignore[arg-type]


TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": _is_integer,
}


def is_plain(schema: object) -> bool:
    """Whether `fits` knows every keyword of it, and every form that a keyword has there."""
    if not isinstance(schema, dict) or not schema.keys() <= _KEYWORDS.keys():
        return False
    types, further = schema.get("type", "object"), schema.get("additionalProperties", True)
    if not isinstance(types, str) or types not in TYPES or not isinstance(further, bool):
        return False
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return all(map(is_plain, inner))


def fits(value: object, schema: Schema) -> bool:
    """Whether a value is as a plain schema says."""
    return all(_KEYWORDS[keyword](value, stated, schema) for keyword, stated in schema.items())


def _properties(value: object, stated: Mapping[str, Schema], _: Schema) -> bool:
    return not isinstance(value, dict) or all(fits(value[name], stated[name]) for name in stated if name in value)


def _required(value: object, stated: list[str], _: Schema) -> bool:
    return not isinstance(value, dict) or all(name in value for name in stated)


def _further(value: object, stated: bool, schema: Schema) -> bool:
    return stated or not isinstance(value, dict) or value.keys() <= schema.get("properties", {}).keys()


def _items(value: object, stated: Schema, _: Schema) -> bool:
    return not isinstance(value, list) or all(fits(item, stated) for item in value)


def _equal(one: object, other: object) -> bool:
    """As JSON has it: 1 is 1.0, and true is neither."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    return one == other


_KEYWORDS: dict[str, Callable[[Any, Any, Schema], bool]] = {
    "type": lambda value, stated, _: TYPES[stated](value),
    "const": lambda value, stated, _: _equal(value, stated),
    "enum": lambda value, stated, _: any(_equal(value, one) for one in stated),
    "properties": _properties,
    "required": _required,
    "additionalProperties": _further,
    "items": _items,
    "minItems": lambda value, stated, _: not isinstance(value, list) or len(value) >= stated,
    "maxItems": lambda value, stated, _: not isinstance(value, list) or len(value) <= stated,
    "minimum": lambda value, stated, _: not _is_number(value) or value >= stated,
    "maximum": lambda value, stated, _: not _is_number(value) or value <= stated,
    "title": lambda *_: True,
    "description": lambda *_: True,
}
