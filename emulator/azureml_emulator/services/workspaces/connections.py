"""Connections of a workspace to other services: kept as said, with what the service adds of its own.

It must not reach what they point at.
Source: Microsoft.MachineLearningServices workspaces/connections (ARM); what is added from answers that were recorded.
"""

from collections.abc import Iterable
from typing import ClassVar

from azureml_emulator.core import arm
from azureml_emulator.core.errors import AccountError, ServiceError, bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces import scope
from azureml_emulator.services.workspaces.record_resources import Connection
from azureml_emulator.services.workspaces.records import Records

GROUPS = {  # group -> the categories that are in it, as the service writes them whatever their case in a call
    "AzureAI": (
        "AIServices", "ApiKey", "AzureOpenAI", "CognitiveSearch", "CognitiveService", "CustomKeys", "OpenAI", "Serp",
        "Serverless",
    ),
    "ServicesAndApps": ("Git", "PythonFeed"),
    "Database": ("AzureMySqlDb", "AzurePostgresDb", "AzureSqlDb", "AzureSynapseAnalytics", "Snowflake"),
    "File": ("S3",),
    "Azure": ("ADLSGen2", "AzureBlob", "AzureOneLake", "ContainerRegistry", "FeatureStore", "Redis"),
}  # fmt: skip
_OPEN_AI = {"ApiVersion": "2023-07-01-preview", "DeploymentApiVersion": "2023-10-01-preview"}
_VERSIONS = {  # of the interface of what is connected, where none is stated
    "AzureOpenAI": _OPEN_AI,
    "CognitiveSearch": {"ApiVersion": "2024-05-01-preview", "DeploymentApiVersion": "2023-11-01"},
    "CognitiveService": _OPEN_AI,
}
_CONTENT_SAFETY = {**_OPEN_AI, "ApiVersion": "2023-10-01"}
_OTHER_NAMES = {"azuredatalakegen2": "ADLSGen2"}  # azure-ai-ml's template of a feature store says it so, and reads this
_NO_CREDENTIALS = ("AAD", "None")  # ways to sign in


class Connections(Records):
    """Connections to other services. Their secrets come from listsecrets only."""

    plural, slow, created = "connections", False, 200
    patched = ("properties",)
    secret = ("credentials", "provisioningState")
    empty: ClassVar[Json] = {
        "group": "Azure",
        "expiryTime": None,
        "isSharedToAll": False,
        "metadata": None,
        "sharedUserList": [],
        "useWorkspaceManagedIdentity": False,
        "error": None,
        "isDefault": True,
        "peRequirement": "NotRequired",
        "peStatus": "NotApplicable",
    }

    def list_all(self, request: Request, emulator: Emulator) -> Reply:
        """GET all; `category` and `target` select."""
        workspace = scope.require(request, emulator)
        chosen = self.selected(request, emulator.store.children(workspace.id, self.plural))
        return arm.page(request, chosen, lambda one: _as_asked(request, self.show(one)))

    def get(self, request: Request, emulator: Emulator) -> Reply:
        """GET one; what is not there is said by another service than of other resources."""
        try:
            return _answer(request, super().get(request, emulator))
        except ServiceError as error:
            if error.code != "ResourceNotFound":
                raise
            text = f"Connection {request.params['name']} can't be found in this workspace"
            refusal = AccountError(404, "UserError", text, inner=("NotFoundError",))
            refusal.says_status = request.query.get("api-version", "") >= "2023-06"
            raise refusal from error

    def put(self, request: Request, emulator: Emulator) -> Reply:
        """PUT one."""
        return _answer(request, super().put(request, emulator))

    def patch(self, request: Request, emulator: Emulator) -> Reply:
        """PATCH one."""
        return _answer(request, super().patch(request, emulator))

    def show(self, resource: Resource) -> Json:
        """As it is answered: with tags and a place that it never has, and credentials that are not said."""
        shown = {"tags": None, "location": None, **super().show(resource)}
        if shown["properties"].get("authType") not in _NO_CREDENTIALS:
            shown["properties"]["credentials"] = None
        return shown

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """What kind of service it is and how one signs in there must be said."""
        for field in ("authType", "category"):
            if not stated.get(field):
                raise bad_request(f"The field {field} is required for a connection.", target=f"properties.{field}")
        group, category = _known(str(stated["category"]))
        metadata = stated.get("metadata")
        versions = _versions(category, metadata or {})
        whole = {"group": group, **stated, "category": category}
        if metadata is not None or versions:
            whole["metadata"] = {**versions, **(metadata or {})}
        return {**whole, "createdByWorkspaceArmId": scope.require(request, emulator).id}

    def selected(self, request: Request, found: Iterable[Resource]) -> Iterable[Resource]:
        """`category` and `target` select."""
        query = request.query
        category, target = (query.get(name, "").lower() for name in ("category", "target"))
        read = ((one, Connection.read(one)) for one in found)
        return [
            one
            for one, connection in read
            if category in ("", connection.category.lower()) and target in ("", connection.target.lower())
        ]

    def list_secrets(self, request: Request, emulator: Emulator) -> Reply:
        """POST listsecrets: the connection with its credentials."""
        found = self.require(request, emulator)
        shown = _as_asked(request, self.show(found))
        if "credentials" in shown["properties"]:
            shown["properties"]["credentials"] = Connection.read(found).credentials
        return Reply(200, shown)


def _known(stated: str) -> tuple[str, str]:
    """The group of a category, and the category as the service writes it."""
    stated = _OTHER_NAMES.get(stated.lower(), stated)
    for group, categories in GROUPS.items():
        for category in categories:
            if category.lower() == stated.lower():
                return group, category
    return "Azure", stated


def _versions(category: str, metadata: Json) -> dict[str, str]:
    return _CONTENT_SAFETY if metadata.get("Kind") == "Content Safety" else _VERSIONS.get(category, {})


def _answer(request: Request, reply: Reply) -> Reply:
    _as_asked(request, reply.body)
    return reply


def _as_asked(request: Request, shown: Json) -> Json:
    """Since 2023 what nobody stated is an empty object and not null."""
    properties = shown["properties"]
    if properties.get("metadata") is None and request.query.get("api-version", "9999") >= "2023":
        properties["metadata"] = {}
    return shown


CONNECTIONS = Connections()
