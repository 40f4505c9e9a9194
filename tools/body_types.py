"""What the bodies of calls to Machine Learning are made of: names and types of the keys, by the published interface.

Read from the client that azure-ai-ml carries, which is generated from the REST specification (`arm_ml_service`). Only
what a call may state is kept, and of a type only what JSON can be wrong about. It must not know the emulator.
"""

import datetime
import json
import typing
import warnings
from collections.abc import Iterator
from typing import Any

# What is PUT at `KIND/NAME`, at `KIND/NAME/PART/NAME`, and POSTed to an action of what lies there.
ROOTS = {
    "batchendpoints": "BatchEndpoint",
    "batchendpoints/deployments": "BatchDeployment",
    "codes": "CodeContainer",
    "codes/versions": "CodeVersion",
    "codes/versions/startpendingupload": "PendingUploadRequestDto",
    "components": "ComponentContainer",
    "components/versions": "ComponentVersion",
    "computes": "ComputeResource",
    "connections": "WorkspaceConnectionPropertiesV2BasicResource",
    "data": "DataContainer",
    "data/versions": "DataVersionBase",
    "data/versions/startpendingupload": "PendingUploadRequestDto",
    "datastores": "Datastore",
    "datastores/listsecrets": "SecretExpiry",
    "environments": "EnvironmentContainer",
    "environments/versions": "EnvironmentVersion",
    "featuresets": "FeaturesetContainer",
    "featuresets/versions": "FeaturesetVersion",
    "featurestoreentities": "FeaturestoreEntityContainer",
    "featurestoreentities/versions": "FeaturestoreEntityVersion",
    "jobs": "JobBase",
    "models": "ModelContainer",
    "models/versions": "ModelVersion",
    "models/versions/startpendingupload": "PendingUploadRequestDto",
    "onlineendpoints": "OnlineEndpoint",
    "onlineendpoints/deployments": "OnlineDeployment",
    "onlineendpoints/deployments/getlogs": "DeploymentLogsRequest",
    "onlineendpoints/regeneratekeys": "RegenerateEndpointKeysRequest",
    "outboundrules": "OutboundRuleBasicResource",
    "registries": "Registry",
    "schedules": "Schedule",
    "serverlessendpoints": "ServerlessEndpoint",
    "workspaces": "Workspace",
}
# What the interface leaves open, and the service reads as this: SDK and studio state nothing else there.
OPEN = {
    "ComponentSpec": {
        "environment_variables": {"": None},
        "inputs": {"": "=Port"},
        "jobs": {"": "=Node"},
        "outputs": {"": "=Port"},
    },
    "JobResources": {"AISuperComputer": "=VirtualCluster"},
    "Node": {"inputs": {"": "=Port"}, "outputs": {"": "=Port"}},
    "Port": {},
    "PipelineSettings": {},
    "VirtualCluster": {"scalePolicy": {"": None}},
}
NAMED = {  # where that stands
    ("ComponentVersionProperties", "componentSpec"): "=ComponentSpec",
    ("JobResourceConfiguration", "properties"): "=JobResources",
    ("PipelineJob", "jobs"): {"": "=Node"},
    ("PipelineJob", "settings"): "=PipelineSettings",
}
# With Newtonsoft's readers, which the service uses, a scalar is read as another where that can be done.
SCALARS = {str: "text", int: "whole", float: "number", bool: "boolean", datetime.timedelta: "duration"}
WIDER = frozenset({"metadata"})  # of a connection: said to hold texts, and recorded with objects in it


def table() -> str:
    """The roots, and of each type its keys, the key that tells its kinds apart, and those."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from azure.ai.ml._restclient.arm_ml_service import models
    found: dict[str, Any] = {}
    waiting = list(ROOTS.values())
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = {"keys": OPEN[name]} if name in OPEN else _described(getattr(models, name), models)
            waiting += _named(found[name])
    for described in found.values():  # what all kinds of something have is said once
        for kind in described.get("kinds", {}).values():
            found[kind]["keys"] = {
                key: type_ for key, type_ in found[kind]["keys"].items() if described["keys"].get(key) != type_
            }
    lines = [f"  {json.dumps(name)}: {json.dumps(found[name], sort_keys=True)}" for name in sorted(found)]
    return f'{{"roots": {json.dumps(ROOTS, sort_keys=True)},\n"types": {{\n' + ",\n".join(lines) + "\n}}\n"


def _described(of: type, models: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(of, globalns={**vars(models), "_models": models, **_enums(models), **vars(typing)})
    keys: dict[str, Any] = {}
    for above in reversed(of.__mro__):
        for attribute, stated in vars(above).items():
            if attribute.startswith("_") or not hasattr(stated, "_visibility") or stated._visibility == ["read"]:
                continue
            key = stated._rest_name_input or attribute
            type_ = NAMED.get((of.__name__, key)) or _type(hints.get(attribute, Any))
            if type_ is not None:
                keys[key] = {"": None} if key in WIDER else type_
    kinds = {value: one.__name__ for value, one in vars(of).get("__mapping__", {}).items()}
    return {"keys": keys, **({"by": _discriminator(of), "kinds": kinds} if kinds else {})}


def _type(hint: Any) -> Any:
    """`text`, `[...]` of a list, `{...}` of an object's values, the name of a type; None where anything may stand."""
    origin, inner = typing.get_origin(hint), [one for one in typing.get_args(hint) if one is not type(None)]
    if origin is list:
        return [_type(inner[0])]
    if origin is dict:
        return {"": _type(inner[1])}
    if origin is typing.Literal:
        return "text"
    if origin is not None and inner:  # a text or the enum that names it; a value or none
        told = {json.dumps(_type(one)) for one in inner}
        return json.loads(told.pop()) if len(told) == 1 else None
    if isinstance(hint, type) and issubclass(hint, str):
        return "text"
    if hint in SCALARS:
        return SCALARS[hint]
    return f"={hint.__name__}" if isinstance(hint, type) and hasattr(hint, "_get_backcompat_attribute_name") else None


def _discriminator(of: type) -> str:
    for above in of.__mro__:
        for attribute, stated in vars(above).items():
            if getattr(stated, "_is_discriminator", False):
                return str(stated._rest_name_input or attribute)
    raise ValueError(of.__name__)


def _named(described: dict[str, Any]) -> Iterator[str]:
    def within(one: Any) -> Iterator[str]:
        if isinstance(one, str) and one.startswith("="):
            yield one[1:]
        for item in one if isinstance(one, list) else one.values() if isinstance(one, dict) else ():
            yield from within(item)

    yield from within(described["keys"])
    yield from described.get("kinds", {}).values()


def _enums(models: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(models).items() if isinstance(value, type)}


if __name__ == "__main__":
    print(table(), end="")
