"""What a PATCH may say: the fields that its API version changes, and a refusal of every other."""

from collections.abc import Collection
from typing import Any

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json, Request


def changes(request: Request, before: Json, takes: Collection[str]) -> Json:
    """The body of a PATCH. Raises 400 for a field that is neither null, nor as it is already, nor one of `takes`.

    `takes` has dotted names; a name stands for all below it.
    """
    body = request.json()
    for field in _others(body, before, takes):
        version = request.query.get("api-version", "")
        text = (
            f"The field {field} cannot be changed by PATCH with api-version {version}; it changes {', '.join(takes)}."
        )
        raise bad_request(text, code="BadArgument", target=field)
    return body


def _others(body: Json, before: Any, takes: Collection[str], above: str = "") -> list[str]:
    kept = before if isinstance(before, dict) else {}
    found: list[str] = []
    for key, value in body.items():
        name = f"{above}{key}"
        if name in takes or value in (None, {}) or value == kept.get(key):
            continue
        if isinstance(value, dict) and key == "properties":
            found += _others(value, kept.get(key), takes, f"{name}.")
        else:
            found.append(name)
    return found
