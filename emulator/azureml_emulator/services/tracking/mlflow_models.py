"""The workspace's MLflow model registry: its models in MLflow's words, with stages and without aliases.

It must not keep anything of its own. Source: MLflow's REST API 2.0, registered-models and model-versions; Azure ML has
stages and tags of versions, and no aliases.
"""

import re
from typing import Any

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, whole
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.asset_resource import AssetContainer, Version
from azureml_emulator.services.assets.models import MODELS
from azureml_emulator.services.runs import runs
from azureml_emulator.services.tracking import mlflow_model_search
from azureml_emulator.services.tracking.mlflow import DEFAULT_RESULTS, answered

STAGES = ("None", "Staging", "Production", "Archived")
SOURCE = "mlflow.modelSourceUri"  # in a version's properties
_ARTIFACTS = re.compile(r"azureml://.+/experiments/[^/]+/runs/(?P<run>[^/]+)/artifacts/?(?P<path>.*)")


@answered
def create(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """registered-models/create."""
    name = _name(fields)
    if _container(workspace, name, emulator):
        raise ServiceError(400, "RESOURCE_ALREADY_EXISTS", f"Registered Model (name={name}) already exists.")
    stated = {"description": fields.get("description"), "tags": _tags(fields)}
    MODELS.keep_container(emulator, workspace, name, stated)
    return {"registered_model": _show_model(workspace, _model(workspace, name, emulator), emulator)}


@answered
def get(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """registered-models/get."""
    return {"registered_model": _show_model(workspace, _model(workspace, _name(fields), emulator), emulator)}


@answered
def update(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """registered-models/update: the description."""
    found = _model(workspace, _name(fields), emulator)
    MODELS.keep_container(emulator, workspace, found.name, {"description": fields.get("description")})
    return {"registered_model": _show_model(workspace, _model(workspace, found.name, emulator), emulator)}


@answered
def delete(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """registered-models/delete: Azure ML deletes versions, never the model that has them. Raises 400."""
    found = _model(workspace, _name(fields), emulator)
    raise ServiceError(400, "BadRequest", f"Registered Model {found.name} cannot be deleted; delete its versions.")


@answered
def search(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """registered-models/search: by name, in pages."""
    fits = mlflow_model_search.condition(str(fields.get("filter") or ""))
    found = [_show_model(workspace, one, emulator) for one in emulator.store.children(workspace.id, MODELS.plural)]
    return _page(fields, "registered_models", [one for one in found if fits(one)])


@answered
def latest_versions(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """registered-models/get-latest-versions: the newest of each stage."""
    found = _model(workspace, _name(fields), emulator)
    stages = fields.get("stages") or []
    wanted = [stages] if isinstance(stages, str) else list(stages)
    newest = _latest(workspace, found, emulator)
    return {"model_versions": [one for one in newest if not wanted or one["current_stage"] in wanted]}


@answered
def tag(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """registered-models/set-tag."""
    found = _model(workspace, _name(fields), emulator)
    tags = {**AssetContainer.read(found).tags, _needed(fields, "key"): str(fields.get("value") or "")}
    MODELS.keep_container(emulator, workspace, found.name, {"tags": tags})
    return {}


@answered
def untag(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """registered-models/delete-tag."""
    found = _model(workspace, _name(fields), emulator)
    tags = {key: value for key, value in AssetContainer.read(found).tags.items() if key != _needed(fields, "key")}
    MODELS.keep_container(emulator, workspace, found.name, {"tags": tags})
    return {}


@answered
def create_version(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/create: the next version, of what a run left behind or of a place in storage."""
    found = _model(workspace, _name(fields), emulator)
    source, run = _needed(fields, "source"), str(fields.get("run_id") or "")
    match = _ARTIFACTS.fullmatch(source)
    uri = f"runs:/{match['run']}/{match['path']}" if match else source
    stated = {
        "modelUri": uri,
        "modelType": "mlflow_model",
        "description": fields.get("description"),
        "tags": _tags(fields),
        "properties": {SOURCE: source},
        "stage": "None",
        "jobName": run or (match["run"] if match else None),
    }
    version = MODELS.next_version(emulator, workspace, found.name)
    made = MODELS.create(emulator, workspace, found.name, version, stated)
    return {"model_version": _show(found.name, made)}


@answered
def get_version(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/get."""
    return {"model_version": _show(_name(fields), _version(workspace, fields, emulator))}


@answered
def download_uri(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/get-download-uri: where an MLflow client reads the files."""
    return {"artifact_uri": _source(Version.read(_version(workspace, fields, emulator)))}


@answered
def search_versions(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/search: by name or run, newest first."""
    fits = mlflow_model_search.condition(str(fields.get("filter") or ""))
    found = [
        _show(model.name, version)
        for model in emulator.store.children(workspace.id, MODELS.plural)
        for version in emulator.store.children(model.id, f"{MODELS.plural}/versions", newest_first=True)
    ]
    return _page(fields, "model_versions", [one for one in found if fits(one)])


@answered
def update_version(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/update: the description."""
    return _changed(workspace, fields, emulator, description=fields.get("description"))


@answered
def move_version(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/transition-stage; with `archive_existing_versions` the others of the stage are archived."""
    stage = str(fields.get("stage") or "")
    if stage not in STAGES:
        raise ServiceError(400, "BadRequest", f"Invalid Model Version stage: {stage}. Value must be one of {STAGES}.")
    moved = _version(workspace, fields, emulator)  # a version that is not there leaves the others in their stages
    if fields.get("archive_existing_versions"):
        model = _model(workspace, _name(fields), emulator)
        for other in list(emulator.store.children(model.id, f"{MODELS.plural}/versions")):
            if other.name != moved.name and Version.read(other).stage == stage:
                MODELS.create(emulator, workspace, model.name, other.name, {"stage": "Archived"})
    return _changed(workspace, fields, emulator, stage=stage)


@answered
def delete_version(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/delete."""
    emulator.store.delete(_version(workspace, fields, emulator).id)
    return {}


@answered
def tag_version(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/set-tag."""
    before = Version.read(_version(workspace, fields, emulator)).tags
    tags = {**before, _needed(fields, "key"): str(fields.get("value") or "")}
    _changed(workspace, fields, emulator, tags=tags)
    return {}


@answered
def untag_version(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """model-versions/delete-tag."""
    before = Version.read(_version(workspace, fields, emulator)).tags
    tags = {key: value for key, value in before.items() if key != _needed(fields, "key")}
    _changed(workspace, fields, emulator, tags=tags)
    return {}


def _changed(workspace: Resource, fields: Json, emulator: Emulator, **values: Any) -> Json:
    found = _version(workspace, fields, emulator)
    made = MODELS.create(emulator, workspace, _name(fields), found.name, values)
    return {"model_version": _show(_name(fields), made)}


def _show_model(workspace: Resource, found: Resource, emulator: Emulator) -> Json:
    model = AssetContainer.read(found)
    times = model.system_data
    return {
        "name": found.name,
        "creation_timestamp": runs.milliseconds(times["createdAt"]),
        "last_updated_timestamp": runs.milliseconds(times["lastModifiedAt"]),
        "description": model.description or "",
        "latest_versions": _latest(workspace, found, emulator),
        "tags": _pairs(model.tags),
    }


def _latest(workspace: Resource, model: Resource, emulator: Emulator) -> list[Json]:
    newest: dict[str, Json] = {}
    for one in emulator.store.children(model.id, f"{MODELS.plural}/versions", newest_first=True):
        shown = _show(model.name, one)
        newest.setdefault(shown["current_stage"], shown)
    return list(newest.values())


def _stage(version: Version) -> str:
    """A stage as MLflow names it: one that only Azure ML has, as Development, is none."""
    return version.stage if version.stage in STAGES else "None"


def _show(name: str, version: Resource) -> Json:
    found = Version.read(version)
    times = found.system_data
    return {
        "name": name,
        "version": version.name,
        "creation_timestamp": runs.milliseconds(times["createdAt"]),
        "last_updated_timestamp": runs.milliseconds(times["lastModifiedAt"]),
        "user_id": "",
        "current_stage": _stage(found),
        "description": found.description or "",
        "source": _source(found),
        "run_id": found.job or "",
        "status": "READY",
        "status_message": "",
        "tags": _pairs(found.tags),
        "run_link": "",
    }


def _source(version: Version) -> str:
    return version.labels.get(SOURCE) or version.model_uri


def _page(fields: Json, name: str, found: list[Json]) -> Json:
    size = whole(fields.get("max_results"), DEFAULT_RESULTS, "max_results")
    token = str(fields.get("page_token") or "0")
    start = int(token) if token.isdecimal() else 0
    more = {"next_page_token": str(start + size)} if start + size < len(found) else {}
    return {name: found[start : start + size], **more}


def _container(workspace: Resource, name: str, emulator: Emulator) -> Resource | None:
    return emulator.store.get(f"{workspace.id}/{MODELS.plural}/{name}")


def _model(workspace: Resource, name: str, emulator: Emulator) -> Resource:
    found = _container(workspace, name, emulator)
    if found is None:
        raise ServiceError(404, "NotFound", f"Registered Model with name={name} not found")
    return found


def _version(workspace: Resource, fields: Json, emulator: Emulator) -> Resource:
    name, version = _name(fields), _needed(fields, "version")
    found = MODELS.find(emulator, workspace, name, version)
    if found is None:
        raise ServiceError(404, "NotFound", f"Model Version (name={name}, version={version}) not found")
    return found


def _name(fields: Json) -> str:
    return _needed(fields, "name")


def _needed(fields: Json, name: str) -> str:
    if not fields.get(name):
        raise ServiceError(400, "BadRequest", f"Missing value for required parameter '{name}'.")
    return str(fields[name])


def _tags(fields: Json) -> dict[str, str]:
    return {_needed(tag, "key"): str(tag.get("value") or "") for tag in fields.get("tags") or []}


def _pairs(tags: Json) -> list[Json]:
    return [{"key": key, "value": value} for key, value in tags.items()]
