"""Components of a workspace or a registry: what the service makes of a specification, named or anonymous.

Source: Microsoft.MachineLearningServices workspaces/components (ARM), and what the service answered to azure-ai-ml.
"""

import json
import uuid
from dataclasses import replace
from typing import ClassVar

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets import job_components, prompt_flows
from azureml_emulator.services.assets.asset_resource import Version
from azureml_emulator.services.assets.assets import DEFAULT_VERSION, Assets, Draft
from azureml_emulator.services.assets.component_spec import PROPERTY, check, normal_form
from azureml_emulator.services.assets.data import LOGGED

SCHEMA = "https://componentsdk.azureedge.net/jsonschema/CommandComponent.json"
ANONYMOUS = "azureml_anonymous"  # the name that every component without a name has
_DESCRIBES = ("$schema", "version", "display_name", "description", "tags", "is_deterministic")
_NOT_SHOWN = {"pipeline": ("jobs",), "parallel": ("resources",)}  # the steps of a pipeline are asked for elsewhere


class Components(Assets):
    """Components: specifications that pipelines are made of."""

    plural, word, uri = "components", "component", "componentSpec"
    empty: ClassVar[Json] = {"provisioningState": "Succeeded", "stage": "Development", "autoDeleteSetting": None}

    def prepare(self, draft: Draft) -> Json:
        """A component is its specification, which is kept in its normal form and never becomes another one's."""
        check(draft.properties.get("componentSpec"))
        of_job = job_components.expanded(draft.emulator, draft.properties["componentSpec"])
        spec = normal_form(prompt_flows.expanded(draft.emulator, draft.workspace.id, of_job), draft.name, draft.version)
        if draft.before and (field := _changed(draft.before["componentSpec"], spec)):
            text = (
                f'Failed to update component {draft.name} since field "{field}" is immutable, '
                "try specifying a new version."
            )
            inner = ("BadArgument", "ArgumentInvalid", "UpdateComponentFailed")
            raise ServiceError(400, "UserError", text, inner=inner)
        stage = {"stage": LOGGED} if spec["name"] == ANONYMOUS else {}
        labels = _labelled(draft.properties, spec)
        return {**draft.properties, **stage, "componentSpec": spec, "properties": labels}

    def put_version(self, request: Request, emulator: Emulator) -> Reply:
        """PUT a version. An anonymous one is always answered as new, under an id that the service gives."""
        properties = request.json().get("properties") or {}
        spec = properties.get("componentSpec")
        if isinstance(spec, dict):
            properties["componentSpec"] = _as_of(request.query.get("api-version", ""), spec)
            request = replace(request, body=json.dumps({"properties": properties}).encode())
        if not properties.get("isAnonymous"):
            return super().put_version(request, emulator)
        made = self.create_anonymous(emulator, self.scope(request, emulator), properties)
        return Reply(201, self.show(made))

    def create_anonymous(self, emulator: Emulator, holder: Resource, properties: Json) -> Resource:
        """A component without a name of its own: the same one for the same specification, tags and name in it."""
        check(properties.get("componentSpec"))
        content = normal_form(properties["componentSpec"], ANONYMOUS, "1")
        text = json.dumps([holder.id, content, properties.get("tags")], sort_keys=True)
        version = str(uuid.uuid5(uuid.NAMESPACE_OID, text))
        return self.create(emulator, holder, ANONYMOUS, version, {**properties, "isAnonymous": True})

    def get_container(self, request: Request, emulator: Emulator) -> Reply:
        """GET one name: since 2023 it says when it was made and changed, and not by whom; a listing says both."""
        found = self.show_container(emulator, self._container(request, emulator))
        if request.query.get("api-version", "") >= "2023":
            found["systemData"] = {key: found["systemData"][key] for key in ("createdAt", "lastModifiedAt")}
        return Reply(200, found)

    def get_version(self, request: Request, emulator: Emulator) -> Reply:
        """GET one version. The one that stands for none being named has the id of a label."""
        if request.params["version"] != DEFAULT_VERSION:
            return super().get_version(request, emulator)
        holder, name = self.scope(request, emulator), request.params["name"]
        found = self.latest(emulator, holder, name)
        if found is None:
            raise self.missing(name, DEFAULT_VERSION)
        shown = self.show(found)
        return Reply(200, {**shown, "id": f"{shown['id'].rsplit('/versions/', 1)[0]}/labels/default"})

    def show(self, resource: Resource) -> Json:
        """A version as it is answered: its description is in the specification only, its properties are not."""
        shown = super().show(resource)
        found = Version.read(resource)
        spec = found.spec or {}
        hidden = ("properties", *_NOT_SHOWN.get(spec["type"], ()))
        visible = {key: value for key, value in spec.items() if key not in hidden}
        return {**shown, "properties": {**found.stated, "description": None, "componentSpec": visible}}

    def show_container(self, emulator: Emulator, resource: Resource) -> Json:
        """A name as it is answered: its versions are texts, so none is the latest, and the next one is a time."""
        shown = super().show_container(emulator, resource)
        stated = shown["properties"]
        following = emulator.clock.now().strftime("%Y-%m-%d-%H-%M-%S-%f") + "0"  # of a time to seven digits
        own = {"description": stated.get("description") or "", "latestVersion": None, "nextVersion": following}
        return {**shown, "properties": {**stated, **own}}

    def missing(self, name: str, version: str = "") -> ServiceError:
        """The 404 for a component that is not there."""
        text = f"Not found component {name}{':' if version else ''}{version}."
        return ServiceError(404, "UserError", text, inner=("NotFound", "ComponentNotFound"))


def _as_of(api_version: str, spec: Json) -> Json:
    """A specification as an older version of the interface understands it."""
    if _names_its_schema(api_version, spec):
        return {"$schema": SCHEMA, **spec}
    if spec.get("type") == prompt_flows.KIND and "0" < api_version < "2024":  # its variables were no inputs yet
        return {key: value for key, value in spec.items() if key != "environment_variables"}
    return spec


def _names_its_schema(api_version: str, spec: Json) -> bool:
    """Whether the service writes in the schema that a step does not state: it did until the spring of 2023.

    Registries did not: their interface of 2021 is still the one that azure-ai-ml speaks, which refuses that schema.
    """
    task = spec.get("task")  # of a transfer of data it is a word
    code = spec.get("code") or (task.get("code") if isinstance(task, dict) else None)
    runs = spec.get("type") in (None, "command", "parallel") and "dataplane" not in api_version
    return runs and "0" < api_version <= ("2022-10-01" if code else "2022-05-01")


def _labelled(properties: Json, spec: Json) -> Json:
    """The properties of a component, which say how its content is protected where it is somebody's."""
    level = (spec.get(PROPERTY) or {}).get("protection_level")
    return {**(properties.get("properties") or {}), **({"IntellectualPropertyProtectionLevel": level} if level else {})}


def _changed(before: Json, spec: Json) -> str:
    """The first field that a version keeps for ever and that differs; empty when none does."""
    fields = [key for key in {**before, **spec} if key not in _DESCRIBES]
    return next((key for key in fields if before.get(key) != spec.get(key)), "")


COMPONENTS = Components()
