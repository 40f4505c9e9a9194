"""Small conversions from what the SDK gives to plain values."""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, core_schema  # its core alone: pydantic takes 0.03 s more


def word(value: Any) -> str:
    """A state or kind as the service writes it; the SDK gives text in one place and an enum in another."""
    return str(value.value if isinstance(value, Enum) else value or "")


def seconds(duration: str | None) -> float | None:
    """Of an ISO 8601 duration such as PT1M30S; None for anything else."""
    try:
        return float(_durations().validate_python(duration).total_seconds())
    except ValidationError:
        return None


@cache
def _durations() -> SchemaValidator:
    return SchemaValidator(core_schema.timedelta_schema())


def plain_tags(value: Mapping[Any, Any] | None) -> dict[str, str]:
    """Tags as plain text; None is none."""
    return {str(key): str(item) for key, item in (value or {}).items()}
