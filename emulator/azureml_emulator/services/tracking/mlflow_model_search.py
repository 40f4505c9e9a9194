"""Filters of MLflow's model registry: read, and applied to models and versions as MLflow shows them.

It must not know the store. A form that it does not know is refused, never passed over.
Source: MLflow's documentation of search_registered_models and search_model_versions.
"""

import re
from collections.abc import Callable

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json

_CONDITION = re.compile(
    r"""^\s*(?P<field>name|run_id|source_path|tags?\.(?:`(?P<quoted>[^`]+)`|(?P<plain>[\w.\-]+)))\s*
    (?P<sign>!=|=|i?like)\s*'(?P<value>[^']*)'\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


def condition(text: str) -> Callable[[Json], bool]:
    """Conditions joined by `and`. Raises a 400 for one that is not understood."""
    conditions = []
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text.strip() else ():
        match = _CONDITION.match(part)
        if not match:
            raise ServiceError(400, "BadRequest", f"The filter {part!r} is not one that the emulator reads.")
        conditions.append(match)
    return lambda one: all(_fits(match, one) for match in conditions)


def _fits(match: re.Match[str], one: Json) -> bool:
    """Whether a model or version meets a condition; one without a tag differs from every value of it."""
    if key := match["quoted"] or match["plain"]:
        value = next((tag["value"] for tag in one["tags"] if tag["key"] == key), None)
    else:
        value = str(one.get({"source_path": "source"}.get(match["field"].lower(), match["field"].lower())) or "")
    if match["sign"] == "!=":
        return value != match["value"]
    if match["sign"] == "=":
        return value == match["value"]
    pattern = ".*".join(re.escape(piece) for piece in match["value"].split("%"))
    flags = re.IGNORECASE if match["sign"].lower() == "ilike" else 0
    return value is not None and re.fullmatch(pattern, value, flags) is not None
