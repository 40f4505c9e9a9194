"""The body of a call that makes or changes something, read as the interface says what its keys are.

As the service's own reader does (Newtonsoft): a number where a text belongs becomes one, an object or a list there is
refused; keys that the interface does not know stay as they are. The types are those of the published interface,
`body_types.json`, which `make docs` writes.
"""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from azureml_emulator.core.errors import ServiceError, error_object
from azureml_emulator.core.request import Json, Request

_PROVIDER = re.compile(r"/providers/Microsoft\.MachineLearningServices/", re.IGNORECASE)
_TRUTHS = {"true": True, "false": False}


def read(request: Request) -> Request:
    """The request with its body as it was understood. Raises a 400 that says where it cannot be."""
    root = _root(request) if request.method in ("PUT", "PATCH", "POST") and request.body else None
    if root is None:
        return request
    stated = request.json()
    understood = _object(stated, root, "")
    return request if understood == stated else replace(request, body=json.dumps(understood).encode())


def stated(value: Json, keys: Json) -> Json:
    """The body of a call of another interface, read by the types of its keys, in the words of the table."""
    return {**value, **_known(value, keys, "")}


def _root(request: Request) -> str | None:
    """The type of what lies at a path, of a workspace or a registry or in one; of a POST what its action takes."""
    _, *below = _PROVIDER.split(request.path)
    parts = below[-1].strip("/").lower().split("/") if below else []
    action = [parts.pop()] if request.method == "POST" and len(parts) % 2 else []
    if not parts or len(parts) % 2 or (request.method == "POST" and not action):
        return None
    kinds = [*parts[::2][1:], *action] or parts[:1]
    found = _table()["roots"].get("/".join(kinds))
    return str(found) if found else None


@cache
def _table() -> Json:
    table: Json = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return table


def _object(value: Any, name: str, path: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(value, "an object", path)
    described = _table()["types"][name]
    keys = described["keys"]
    if kinds := described.get("kinds"):
        said = value.get(described["by"])
        kind = next((one for one in kinds if isinstance(said, str) and one.lower() == said.lower()), None)
        if kind:
            return _object({**value, **_known(value, keys, path)}, kinds[kind], path)
    return {**value, **_known(value, keys, path)}


def _known(value: Json, keys: Json, path: str) -> Json:
    """Those keys of an object that have a type, read."""
    return {key: _read(item, keys[key], f"{path}.{key}".strip(".")) for key, item in value.items() if key in keys}


def _read(value: Any, type_: Any, path: str) -> Any:
    if value is None or type_ is None:
        return value
    if isinstance(type_, list):
        if not isinstance(value, list):
            raise _wrong(value, "a list", path)
        if None in value:
            raise _wrong(None, "an item", f"{path}[{value.index(None)}]")
        return [_read(item, type_[0], f"{path}[{number}]") for number, item in enumerate(value)]
    if isinstance(type_, dict):
        if not isinstance(value, dict):
            raise _wrong(value, "an object", path)
        if "" not in type_:
            return {**value, **_known(value, type_, path)}
        return {key: _read(item, type_[""], f"{path}.{key}") for key, item in value.items()}
    return _object(value, type_[1:], path) if type_.startswith("=") else _scalar(value, type_, path)


def _scalar(value: Any, type_: str, path: str) -> Any:
    if isinstance(value, dict | list):
        raise _wrong(value, f"a {type_}", path)
    if type_ in ("text", "duration"):
        return value if isinstance(value, str) else json.dumps(value)
    try:
        if type_ == "boolean":
            return _TRUTHS[value.lower()] if isinstance(value, str) else bool(value)
        if isinstance(value, bool) or value in (float("inf"), float("-inf")):
            raise ValueError(value)
        return value if isinstance(value, int) else _number(value, type_)
    except (ValueError, KeyError):
        raise _wrong(value, f"a {type_} number" if type_ == "whole" else f"a {type_}", path) from None


def _number(value: float | str, type_: str) -> float:
    """Of a text, or of a number with a fraction, which is not read as a whole one."""
    if type_ == "whole":
        return int(value if isinstance(value, str) else str(value))
    return float(value)


def _wrong(value: Any, wanted: str, path: str) -> ServiceError:
    shown = json.dumps(value)
    text = f"{path}: {shown if len(shown) <= 60 else shown[:60] + '...'} cannot be read as {wanted}."
    detail = error_object("InvalidRequestBody", text, path)
    whole = "One or more validation errors occured."  # as the service spells it
    return ServiceError(400, "ValidationError", whole, target="Unable to parse request body", details=[detail])
