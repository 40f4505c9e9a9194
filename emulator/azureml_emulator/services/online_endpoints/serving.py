"""The models behind deployments: found, loaded, kept, and asked. What a deployment's container would do.

It must not know HTTP or traffic. Loading and answering are slow work for a thread and touch no store; the rest is for
the loop's thread.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from azureml_emulator.catalog import models
from azureml_emulator.core import model_stack
from azureml_emulator.core.clock import iso
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.asset_resource import Version
from azureml_emulator.services.online_endpoints.deployment_resource import OnlineDeployment
from azureml_emulator.services.online_endpoints.served_model import ServedModel
from azureml_emulator.services.storage import storage
from azureml_emulator.stand_in_model import predictor
from azureml_emulator.stand_in_model.model_folder import ArtifactError

if TYPE_CHECKING:
    from azureml_emulator.stand_in_model.serve import ChatModel

REGISTRY = re.compile(r"^azureml://registries/(?P<registry>[^/]+)/models/(?P<name>[^/]+)/versions/(?P<version>[^/]+)$")
BASE = ""  # the place of a base model of a registry, which the shipped weights stand in for
MLFLOW, FOUNDATION = "mlflow", "foundation-model-inference"
Model: TypeAlias = "ChatModel | ServedModel"


def model_exists(emulator: Emulator, reference: str) -> bool:
    """Whether a deployment's model is there, in the workspace or a registry."""
    if _base_model(reference):
        return True
    return registered(emulator, reference) is not None


def is_mlflow(emulator: Emulator, reference: str) -> bool:
    """Whether a model that exists is of MLflow, and so brings its own code and environment."""
    found = registered(emulator, reference)
    return found is None or Version.read(found).is_mlflow


def place(emulator: Emulator, reference: str) -> str:
    """The folder of a model below the emulator's own, copied there from storage the first time."""
    if _base_model(reference):
        return BASE
    found = registered(emulator, reference)
    if found is None:
        raise ServiceError(404, "ResourceNotFound", f"the model {reference} is gone")
    relative = f"models/{found.name}-{found.sequence}"
    folder = emulator.folder / relative
    if not folder.exists():
        workspace = found.id.split("/models/")[0]
        coming = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(coming, ignore_errors=True)
        coming.mkdir(parents=True)
        uri = Version.read(found).model_uri
        try:
            storage.download_tree(emulator, uri, coming, workspace=workspace, kind="models")
        except ServiceError:  # nothing there any more: the container starts without a model, and says so
            shutil.rmtree(coming)
            return relative
        coming.rename(folder)
    return relative


def load(emulator: Emulator, place: str) -> Model:
    """The model at a place, kept in memory after the first time. Raises ArtifactError."""
    key = f"model:{place}"
    found: Model | None = emulator.cache.get(key)
    if found is None:
        from azureml_emulator.stand_in_model.serve import ChatModel  # with numpy, a fifth of what a start would take

        if place != BASE and not (emulator.folder / place / "MLmodel").is_file():
            raise ArtifactError("the model has no MLmodel file at its root, so MLflow cannot load it")
        other = model_stack.command(emulator.folder) if place != BASE else []
        folder = emulator.folder / place if place != BASE else None
        found = ServedModel(other, emulator.folder / place) if other else ChatModel.load(folder)
        emulator.cache[key] = found
    return found


def load_error(emulator: Emulator, place: str) -> str | None:
    """Why the container of a deployment would not come up; None when it does."""
    try:
        load(emulator, place)
    except (ArtifactError, OSError) as error:
        said = str(error).replace(str(emulator.folder), "/var/azureml-app")
        return (
            f"User container has crashed or terminated: {said}. Please see troubleshooting guide, available here: "
            "https://aka.ms/oe-tsg#error-resourcenotready"
        )
    return None


def stack_of(emulator: Emulator, place: str) -> str:
    """Which serving image a model asks for: its MLmodel's `metadata.azureml.base_image`, else the MLflow image.

    The registry's base models carry foundation-model-inference there; fine-tuning takes it out (`setup_vllm`).
    """
    if place == BASE:
        return FOUNDATION
    try:
        said = yaml.safe_load((emulator.folder / place / "MLmodel").read_text(encoding="utf-8"))
        metadata = said.get("metadata") or {}
        image = metadata.get("azureml.base_image") or (metadata.get("azureml") or {}).get("base_image") or ""
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        return MLFLOW
    return FOUNDATION if FOUNDATION in str(image) else MLFLOW


def answer(model: Model, body: Any) -> list[Any]:
    """What the MLflow image answers a scoring request. Raises ValueError as the predictor does."""
    given, parameters = _asked(body)
    if isinstance(model, ServedModel):
        return model.predict(body["input_data"])
    asked = predictor.conversations(given)
    for messages in asked:
        predictor.check_messages(messages)
    predictor.check_parameters(parameters)
    return predictor.answer(given, [model.reply(messages, parameters) for messages in asked])


def answer_text(model: Model, body: Any) -> str:
    """The text that foundation-model-inference answers; what it does not know among the parameters, it passes over."""
    given, parameters = _asked(body)
    if isinstance(model, ServedModel):
        raise ValueError("another stack serves models as the MLflow image does, and no other way")
    asked = given if given and isinstance(given[0], list) else [given]
    texts = [model.reply(messages, parameters) for messages in asked]
    return texts[0]


def log_lines(emulator: Emulator, deployment: OnlineDeployment, own: Sequence[str] = ()) -> list[str]:
    """The container's log: how it came up, what a user's own code wrote, then the requests that reached it."""
    made = deployment.created
    image = "mlflow-model-inference" if deployment.stack == MLFLOW else FOUNDATION
    image = "the scoring script" if own else image
    lines = [f"{made} | INFO | {image}: loading {deployment.model}", *own]
    if deployment.error:
        return [*lines, f"{made} | ERROR | {deployment.error}"]
    if not own:
        lines.append(f"{made} | INFO | the emulator's small stand-in model is ready")
    endpoint = deployment.parent.rsplit("/", 1)[-1]
    rows = emulator.store.database.execute(
        "SELECT at, status, milliseconds FROM requests WHERE endpoint = ? AND deployment = ? ORDER BY at",
        (endpoint.lower(), deployment.name),
    ).fetchall()
    stamped = ((iso(datetime.fromtimestamp(at, UTC)), status, took) for at, status, took in rows)
    return lines + [f"{at} | INFO | POST /score {status} {took:.0f} ms" for at, status, took in stamped]


def download_lines(emulator: Emulator, deployment: OnlineDeployment) -> list[str]:
    """The log of the container that fetches the model."""
    made, model = deployment.created, deployment.model
    if not model:
        return [f"{made} | INFO | the deployment has no model"]
    if deployment.place == BASE:
        return [f"{made} | INFO | {model}: the shipped stand-in is used"]
    folder = emulator.folder / deployment.place
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [f"{made} | INFO | Downloading {model}"] + [
        f"{made} | INFO | {path.relative_to(folder).as_posix()} {path.stat().st_size} bytes" for path in files
    ]


def _asked(body: Any) -> tuple[list[Any], Mapping[str, Any]]:
    data = body.get("input_data") if isinstance(body, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(data.get("input_string"), list):
        raise ValueError("the request needs input_data.input_string, a list of messages")
    return data["input_string"], data.get("parameters") or data.get("params") or {}


def _base_model(reference: str) -> bool:
    """Whether this is a model of the system registry, which the shipped weights stand in for."""
    match = REGISTRY.match(reference)
    return match is not None and models.find(match["registry"], match["name"], match["version"]) is not None


def registered(emulator: Emulator, reference: str) -> Resource | None:
    """A model of the workspace, or of a team's own registry."""
    if match := REGISTRY.match(reference):
        holder = next(emulator.store.named("registries", match["registry"]), None)
        reference = f"{holder.id}/models/{match['name']}/versions/{match['version']}" if holder else ""
    return emulator.store.get(reference.removeprefix("azureml:"))
