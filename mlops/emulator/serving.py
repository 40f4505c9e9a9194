"""The models behind deployments: found, loaded, kept, and asked. What a deployment's container would do.

It must not know HTTP or traffic. Loading and answering are slow work for a thread; finding is for the loop's thread.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops.emulator import storage
from mlops.emulator.catalog import models
from mlops.emulator.errors import ServiceError
from mlops.emulator.state import Emulator
from mlops.emulator.store import Resource
from mlops.emulator.training.artifact import ArtifactError
from mlops.emulator.training.serve import ChatModel

REGISTRY = re.compile(r"^azureml://registries/(?P<registry>[^/]+)/models/(?P<name>[^/]+)/versions/(?P<version>[^/]+)$")


def model_exists(emulator: Emulator, reference: str) -> bool:
    """Whether a deployment's model is there, in the workspace or a registry."""
    if match := REGISTRY.match(reference):
        return models.find(match["registry"], match["name"], match["version"]) is not None
    return emulator.store.get(_arm_id(reference)) is not None


def load_error(emulator: Emulator, deployment: Resource) -> str | None:
    """Why the container of a deployment would not come up; None when it does."""
    try:
        load(emulator, deployment)
    except (ArtifactError, ServiceError, OSError) as error:
        said = str(error)
        return (
            f"User container has crashed or terminated: {said}. Please see troubleshooting guide, available here: "
            "https://aka.ms/oe-tsg#error-resourcenotready"
        )
    return None


def load(emulator: Emulator, deployment: Resource) -> ChatModel:
    """The model of a deployment, kept in memory after the first time. Raises ArtifactError or ServiceError."""
    reference = str(deployment.body["properties"]["model"])
    key = f"model:{reference.lower()}"
    if key not in emulator.cache:
        emulator.cache[key] = ChatModel.load(_folder(emulator, reference))
    found: ChatModel = emulator.cache[key]
    return found


def answer(model: ChatModel, body: Any) -> list[str]:
    """The texts for a scoring request, one a conversation. Raises ValueError as the model's own code would."""
    data = body.get("input_data") if isinstance(body, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(data.get("input_string"), list):
        raise ValueError("the request needs input_data.input_string, a list of messages")
    given = data["input_string"]
    conversations = given if given and isinstance(given[0], list) else [given]
    parameters = data.get("parameters") or data.get("params") or {}
    for messages in conversations:
        _check(messages)
    return [model.reply(messages, parameters) for messages in conversations]


def log_lines(emulator: Emulator, deployment: Resource) -> list[str]:
    """The container's log: how it came up, then the requests that reached it."""
    made = deployment.body["systemData"]["createdAt"]
    lines = [f"{made} | INFO | loading {deployment.body['properties']['model']}"]
    if error := deployment.body["properties"].get("provisioningErrors"):
        return [*lines, f"{made} | ERROR | {error[0]['error']['message']}"]
    lines.append(f"{made} | INFO | the emulator's small stand-in model is ready")
    endpoint = deployment.parent.rsplit("/", 1)[-1]
    rows = emulator.store.database.execute(
        "SELECT at, status, milliseconds FROM requests WHERE endpoint = ? AND deployment = ? ORDER BY at",
        (endpoint.lower(), deployment.name),
    ).fetchall()
    return lines + [
        f"{at:.3f} | INFO | POST /score {status} {milliseconds:.0f} ms" for at, status, milliseconds in rows
    ]


def _check(messages: Sequence[Any]) -> None:
    """The predictor's asserts: roles alternate, the last turn is the user's, a system turn only comes first."""
    roles = [message.get("role") if isinstance(message, Mapping) else None for message in messages]
    if roles and roles[0] == "system":
        roles = roles[1:]
    expected = [("user", "assistant")[index % 2] for index in range(len(roles))]
    if not roles or roles != expected or roles[-1] != "user":
        raise ValueError("Conversation roles must alternate user/assistant/user/assistant/... and end with user")


def _folder(emulator: Emulator, reference: str) -> Path | None:
    """The local folder of a model; None for a base model of a registry, which the shipped weights stand in for."""
    if REGISTRY.match(reference):
        return None
    found = emulator.store.get(_arm_id(reference))
    if found is None:
        raise ServiceError(404, "ResourceNotFound", f"the model {reference} is gone")
    workspace = found.id.split("/models/")[0]
    uri = str(found.body["properties"]["modelUri"])
    folder = emulator.folder / "models" / f"{found.name}-{found.sequence}"
    if not folder.exists():
        storage.download_tree(emulator, uri, folder, workspace=workspace, kind="models")
    return folder


def _arm_id(reference: str) -> str:
    return reference.removeprefix("azureml:")
