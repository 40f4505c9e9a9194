"""The normal form of a component's specification: what the service gives back of what was sent.

It must not know where a component is kept.
Source: what the service answered to azure-ai-ml.
"""

import re
from typing import Any

from azureml_emulator.catalog import curated
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Json

PROPERTY = "intellectual_property"  # what of a component its publisher keeps to itself
DISTRIBUTIONS = {"mpi": "Mpi", "pytorch": "PyTorch", "tensorflow": "TensorFlow", "ray": "Ray"}
_LITERALS = ("string", "number", "integer", "boolean", "float", "enum")
_FILLED: dict[str, Json] = {  # kind -> what it has though nobody wrote it
    "CommandComponent": {"successful_return_code": "Zero"},
    "DataTransferComponent": {"datatransfer": {"allow_overwrite": "True"}},
    "command": {"resources": {"instance_count": "1"}},
    "parallel": {
        "error_threshold": "-1",
        "logging_level": "INFO",
        "retry_settings": {"max_retries": "3", "timeout": "60"},
    },
}
_OBJECTS = (
    "connections",
    "environment_variables",
    "inputs",
    "intellectualProperty",
    "jobs",
    "outputs",
    "resources",
    "retry_settings",
    "tags",
)
_UNSAID = {"automl": ("is_deterministic",)}
_MOVED: dict[str, tuple[Json, Json]] = {  # older kind -> what the service writes to its data and to its outputs
    **dict.fromkeys(
        ("CommandComponent", "DistributedComponent", "ParallelComponent"),
        ({"datastore_mode": "Mount"}, {"datastore_mode": "Upload"}),
    ),
    "ScopeComponent": ({"is_resource": "False"}, {}),
}
_FIRST = ("$schema", "name", "version", "display_name", "is_deterministic", "type", "description", "tags")
_DROPPED = ("_source", "id", "creation_context")


def check(stated: Any) -> None:
    """Raises 400 for a specification whose parts are not of the form that they must have."""
    if not isinstance(stated, dict):
        raise _wrong("componentSpec")
    for key in _OBJECTS:
        if stated.get(key) is not None and not isinstance(stated[key], dict):
            raise _wrong(key)
    for key in ("inputs", "outputs", "jobs"):
        for name, said in (stated.get(key) or {}).items():
            if not isinstance(said or {}, dict):
                raise _wrong(f"{key}.{name}")


def _wrong(field: str) -> ServiceError:
    return bad_request(f"The field {field} is required and must be an object.", code="UserError", target=field)


def normal_form(stated: Json, name: str, version: str) -> Json:
    """A specification as the service gives it back: scalars are texts, what it adds is there, what it ignores is not.

    The steps of a pipeline stay as they are.
    """
    kind = str(stated.get("type") or "command")
    said = {key: value for key, value in stated.items() if value is not None}
    whole: Json = {"name": name, "version": version, "is_deterministic": kind != "pipeline", **said, "type": kind}
    spec: Json = {key: texts(whole[key]) for key in _FIRST if whole.get(key) not in (None, {})}
    rest = {key: value for key, value in whole.items() if key not in (*_FIRST, *_DROPPED) and value not in (None, {})}
    spec.update({key: value if key == "jobs" else texts(value) for key, value in rest.items()})
    for side in ("inputs", "outputs"):
        if side in spec:
            spec[side] = {name: _port(port or {}, kind) for name, port in spec[side].items()}
    if "inputs" in spec:
        spec["inputs"] = _inputs(spec["inputs"])
    if isinstance(owned := spec.pop("intellectualProperty", None), dict):
        _protect(spec, {"publisher": owned.get("publisher"), "protection_level": owned.get("protectionLevel")})
    _fill(spec, kind)
    if isinstance(spec.get("distribution"), dict):
        how = str(spec["distribution"].get("type") or "")
        spec["distribution"]["type"] = DISTRIBUTIONS.get(how.lower(), how)
    for place in (spec, spec.get("task")):
        if isinstance(place, dict) and isinstance(place.get("environment"), str):
            place["environment"] = curated.registry_id(place["environment"])
    return spec


def _port(said: Json, kind: str) -> Json:
    """An input or output: how data gets to a step is said by the step; older kinds take an empty default for none."""
    gone = ("mode", "datastore_mode") if kind == "spark" else ("mode",)
    kept = {key: value for key, value in said.items() if key not in gone}
    if kind.endswith("Component") and kept.get("default") == "":
        del kept["default"]
    return kept


def _fill(spec: Json, kind: str) -> None:
    """Add what the service adds to a specification of that kind, and take away what it does not say."""
    for key in _UNSAID.get(kind, ()):
        spec.pop(key, None)
    for key, value in _FILLED.get(kind, {}).items():
        stated: Any = spec.get(key)
        if isinstance(value, dict):
            spec[key] = {**value, **(stated if isinstance(stated, dict) else {})}
        elif stated is None:
            spec[key] = value
    for side, added in zip(("inputs", "outputs"), _MOVED.get(kind, ({}, {})), strict=True):
        for said in (spec.get(side) or {}).values():
            if not _is_literal(said):
                said.update({key: value for key, value in added.items() if key not in said})


def _is_literal(port: Json) -> bool:
    return str(port.get("type")).lower() in _LITERALS


def _protect(spec: Json, owned: Json) -> None:
    """Note whose a component is; data whose protection is not stated is protected as the component is."""
    spec[PROPERTY] = {key: value for key, value in owned.items() if value is not None}
    level = owned["protection_level"]
    for said in (*(spec.get("inputs") or {}).values(), *(spec.get("outputs") or {}).values()):
        if level and not _is_literal(said):
            said.setdefault(PROPERTY, {"protection_level": level})


def texts(value: Any) -> Any:
    """A value whose scalars are texts, as the service keeps specifications; what is null is left out."""
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [texts(item) for item in value]
    return str(value)


def _inputs(stated: dict[str, Json]) -> dict[str, Json]:
    """Data first, then literals; each says whether it is optional. A default that names an asset does it plainly."""
    ordered = sorted(stated.items(), key=lambda item: _is_literal(item[1]))
    found: dict[str, Json] = {name: {"type": said.get("type"), "optional": "False", **said} for name, said in ordered}
    for said in found.values():
        if re.match(r"azureml:(?!/)", str(said.get("default"))):
            said["default"] = str(said["default"]).removeprefix("azureml:")
    return found
