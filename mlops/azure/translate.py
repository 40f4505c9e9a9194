"""Small conversions from what the SDK gives to plain values."""

from collections.abc import Mapping
from enum import Enum
from typing import Any


def word(value: Any) -> str:
    """A state or kind as the service writes it; the SDK gives text in one place and an enum in another."""
    return str(value.value if isinstance(value, Enum) else value or "")


def plain_tags(value: Mapping[Any, Any] | None) -> dict[str, str]:
    """Tags as plain text; None is none."""
    return {str(key): str(item) for key, item in (value or {}).items()}
