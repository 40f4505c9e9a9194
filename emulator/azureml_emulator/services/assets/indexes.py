"""Indexes of a workspace for retrieval: versioned, kept as said; nothing is searched.

Source: the generic assets of the regional host, as azure-ai-ml calls them (2024-04-01-preview): no ARM envelope.
"""

from typing import Any, ClassVar

from azureml_emulator.core import arm
from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.asset_resource import Version
from azureml_emulator.services.assets.assets import Assets, Draft, selected


class Indexes(Assets):
    """Indexes: where one lies in storage."""

    plural, word, uri = "indexes", "index", "storageUri"
    fixed = ("storageUri",)
    empty: ClassVar[Json] = {"stage": None}

    def prepare(self, draft: Draft) -> Json:
        """It must say where it is."""
        if not draft.properties.get("storageUri"):
            raise bad_request("The field storageUri is required.", code="UserError", target="storageUri")
        of = draft.workspace.body
        scope = f"azureml://locations/{of['location']}/workspaces/{of['properties']['workspaceId']}"
        return {**draft.properties, "_scope": scope}

    def put_version(self, request: Request, emulator: Emulator) -> Reply:
        """PUT a version; its fields stand at the top. A new one is a 200, too, as recorded."""
        workspace = self.scope(request, emulator)
        name, version, fields = request.params["name"], request.params["version"], ("id", "systemData")
        stated = {key: value for key, value in request.json().items() if key not in fields}
        return Reply(200, self.show(self.create(emulator, workspace, name, version, stated)))

    def list_containers(self, request: Request, emulator: Emulator) -> Reply:
        """GET the newest version of each."""
        workspace = self.scope(request, emulator)
        names = emulator.store.children(workspace.id, self.plural, newest_first=True)
        newest = (self.latest(emulator, workspace, one.name) for one in names)
        return arm.page(request, (one for one in newest if one), self.show)

    def list_versions(self, request: Request, emulator: Emulator) -> Reply:
        """GET the versions of one."""
        workspace = self.scope(request, emulator)
        base = f"{workspace.id}/{self.plural}/{request.params['name']}"
        found = emulator.store.children(base, f"{self.plural}/versions", newest_first=True)
        return arm.page(request, selected(request, found), self.show)

    def get_latest(self, request: Request, emulator: Emulator) -> Reply:
        """GET the newest version. Raises 404."""
        found = self.latest(emulator, self.scope(request, emulator), request.params["name"])
        if found is None:
            raise self.missing(request.params["name"])
        return Reply(200, self.show(found))

    def get_next_version(self, request: Request, emulator: Emulator) -> Reply:
        """POST getNextVersion: of a name that is not there 1."""
        workspace, name = self.scope(request, emulator), request.params["name"].removesuffix(":getNextVersion")
        newest, number = self.latest(emulator, workspace, name), int(self.next_version(emulator, workspace, name))
        return Reply(200, {"nextVersion": number, **({"latestVersion": newest.name} if newest else {})})

    def show(self, resource: Resource) -> dict[str, Any]:
        """A version as the generic assets have it: without what nobody said, and without who changed it last."""
        properties = Version.read(resource).stated
        said = {key: value for key, value in properties.items() if value is not None}
        shown = {key: value for key, value in said.items() if not key.startswith(("is", "_"))}
        id = f"{properties['_scope']}/indexes/{resource.id.rpartition('/indexes/')[2]}"
        return {**shown, "id": id, "systemData": arm.without_changer(resource.body["systemData"])}


INDEXES = Indexes()
