"""Deployments whose answers come from a user's own code: their folders, their processes, their logs.

It must not know HTTP. Places follow the inference images: the model below `AZUREML_MODEL_DIR` by the last part of its
path, the code as the current folder. Preparing reads the store and is for the loop's thread; starting and asking are
for another.
"""

import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

import yaml

from azureml_emulator.catalog import curated
from azureml_emulator.core.errors import ServiceError, error_object
from azureml_emulator.core.request import Content, Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.asset_resource import Version
from azureml_emulator.services.jobs.execution import process_run
from azureml_emulator.services.online_endpoints import serving
from azureml_emulator.services.online_endpoints.deployment_resource import OnlineDeployment
from azureml_emulator.services.online_endpoints.scoring_script.container import (
    LOG,
    Container,
    ContainerError,
    Plan,
)
from azureml_emulator.services.storage import storage

HELP = "Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-resourcenotready"


def check(emulator: Emulator, stated: Json) -> None:
    """Code needs an environment, without a container engine no image of its own. Raises 400 and 501."""
    environment = _environment(emulator, stated)
    if environment is not None and Version.read(environment).inference:
        text = "The emulator runs scoring scripts; a custom container needs a container engine, which it has not."
        raise ServiceError(501, "NotEmulated", text)
    if stated.get("codeConfiguration"):
        code = str(stated["codeConfiguration"].get("codeId") or "")
        if emulator.store.get(code.removeprefix("azureml:")) is None and not code.startswith("azureml://"):
            raise _invalid(f"The code {code} was not found.")
        return
    model = str(stated.get("model") or "")
    if not model or not serving.is_mlflow(emulator, model):
        detail = error_object("MissingDriverProgram", "A model that is not of MLflow needs code and an environment.")
        raise ServiceError(400, "BadRequest", "The request is invalid.", details=[detail])


def prepare(emulator: Emulator, stated: Json, place: str, workspace: str) -> Json | None:
    """Where a deployment's own code stands, to be kept with it; None where no code of a user's is needed.

    `folder` is below the emulator's; `script`, `model` and `variables` say what its process is started with.
    """
    configured = stated.get("codeConfiguration")
    if not configured and not is_foreign(emulator, place):
        return None
    relative = f"containers/{uuid.uuid4().hex}"
    folder = emulator.folder / relative
    (folder / "code").mkdir(parents=True)
    models = folder / "azureml-models"
    model = str(stated.get("model") or "")
    if configured:
        code = str(configured.get("codeId") or "")
        uri = code.removeprefix("azureml:")
        storage.download_tree(emulator, uri, folder / "code", workspace=workspace, kind="codes")
    if model:
        models = _link_model(emulator, model, place, models)
    models.mkdir(parents=True, exist_ok=True)
    script = f"code/{configured.get('scoringScript') or 'score.py'}" if configured else ""
    variables = {str(name): str(value) for name, value in (stated.get("environmentVariables") or {}).items()}
    return {
        "folder": relative,
        "script": script,
        "model": "" if configured else place,
        "variables": {"AZUREML_MODEL_DIR": str(models.relative_to(folder)), **variables},
    }


def is_foreign(emulator: Emulator, place: str) -> bool:
    """Whether a place holds a model of MLflow that is none of the emulator's own."""
    folder = emulator.folder / place
    if not place or not (folder / "MLmodel").is_file() or next(folder.rglob("model.npz"), None):
        return False
    try:
        flavors = (yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8")) or {}).get("flavors") or {}
    except (ValueError, AttributeError, yaml.YAMLError):
        return False
    return "python_function" in flavors


def container_of(emulator: Emulator, id: str, said: Json) -> Container:
    """The process of a deployment, which may have yet to start."""
    key = f"container:{id.lower()}"
    found: Container | None = emulator.cache.get(key)
    if found is None or found.folder.name != Path(said["folder"]).name:
        stop(emulator, id)
        found = emulator.cache[key] = Container(_plan(emulator, said))
    return found


def start_error(container: Container) -> str | None:
    """Start it; why it did not come up, or None. On a thread."""
    try:
        container.start()
    except ContainerError as error:
        return f"User container has crashed or terminated: {error}. {HELP}"
    return None


def stop(emulator: Emulator, id: str = "") -> None:
    """End the processes of a deployment, or of all below an endpoint or workspace; with no id, every one."""
    start = f"container:{id.lower()}/" if id else "container:"
    for key in [key for key in emulator.cache if f"{key}/".startswith(start)]:
        container: Container = emulator.cache.pop(key)
        container.stop()


def remove(emulator: Emulator, deployment: OnlineDeployment) -> None:
    """End the process of a deployment, and remove its folder."""
    stop(emulator, deployment.id)
    if deployment.code:
        shutil.rmtree(emulator.folder / deployment.code["folder"], ignore_errors=True)


def envelope(method: str, query: Mapping[str, str], headers: Mapping[str, str], body: Content) -> Json:
    """A request as the driver reads it."""
    return {"method": method, "query": dict(query), "headers": dict(headers), "body": body.decode("latin-1")}


def log_lines(emulator: Emulator, deployment: OnlineDeployment) -> list[str]:
    """What the script wrote."""
    assert deployment.code is not None, "asked of a deployment with code of its own"
    try:
        return Path(emulator.folder, deployment.code["folder"], LOG).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _plan(emulator: Emulator, said: Json) -> Plan:
    folder = emulator.folder / said["folder"]
    variables = {**said["variables"], "AZUREML_MODEL_DIR": str(folder / said["variables"]["AZUREML_MODEL_DIR"])}
    script = str(folder / said["script"]) if said["script"] else f"mlflow:{emulator.folder / said['model']}"
    own = {"AML_APP_ROOT": str(folder / "code"), "AZUREML_ENTRY_SCRIPT": str(said["script"]).removeprefix("code/")}
    python = emulator.store.setting(process_run.PYTHON_SETTING, "") or sys.executable
    whole = {**process_run.surroundings(emulator, python), **own, **variables}
    return Plan(python=python, script=script, folder=folder, code=folder / "code", variables=whole)


def _link_model(emulator: Emulator, reference: str, place: str, below: Path) -> Path:
    """The model as it is named in its path, in the folder that stands for its name and version."""
    found = serving.registered(emulator, reference)
    if found is None:
        return below
    name, version = found.id.split("/")[-3], found.name
    uri = Version.read(found).model_uri.rstrip("/")
    source = emulator.folder / place
    target = below / name / version
    target.mkdir(parents=True, exist_ok=True)
    last = uri.rsplit("/", 1)[-1]
    one_file = (source / last).is_file() and len(list(source.iterdir())) == 1
    (target / last).symlink_to(source / last if one_file else source)
    return target


def _environment(emulator: Emulator, stated: Json) -> Resource | None:
    id = str(stated.get("environmentId") or "").removeprefix("azureml:")
    found = emulator.store.get(id)
    # others are curated ones, by their names or as assets of a registry
    if found is None and id.lower().startswith("/subscriptions") and curated.of_workspace(id.split("/")[-3]) is None:
        raise _invalid(f"The environment {id} was not found.")
    return found


def _invalid(text: str) -> ServiceError:
    detail = error_object("ResourceNotFound", text)
    return ServiceError(400, "BadRequest", "The request is invalid.", details=[detail])
