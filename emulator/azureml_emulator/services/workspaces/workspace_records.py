"""Serverless endpoints, marketplace subscriptions, network rules: kept as said, with nothing behind them.

It must not reach what they point at. Source: Microsoft.MachineLearningServices workspaces/{serverlessEndpoints,
marketplaceSubscriptions, capabilityHosts, outboundRules, privateEndpointConnections} (ARM).
"""

import secrets
import uuid
from typing import Any, ClassVar

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces import scope
from azureml_emulator.services.workspaces.record_resources import KEYS, KeyType, ServerlessEndpoint
from azureml_emulator.services.workspaces.records import Records
from azureml_emulator.services.workspaces.workspace_resource import Workspace


class ServerlessEndpoints(Records):
    """Serverless endpoints: a record with keys; nothing answers at its URL."""

    plural = "serverlessEndpoints"
    patched = ("tags", "identity", "sku")
    secret = (KEYS,)

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """The model must be named; the URL is made."""
        if not (stated.get("modelSettings") or {}).get("modelId"):
            raise bad_request("A serverless endpoint needs modelSettings.modelId.", target="modelSettings.modelId")
        where = scope.location(scope.require(request, emulator))
        keys = ServerlessEndpoint.read(before).keys if before else []
        uri = f"https://{request.params['name']}.{where}.models.ai.azure.com"
        return {
            "authMode": "Key",
            **stated,
            "inferenceEndpoint": {"uri": uri, "headers": {}},
            "endpointState": "Online",
            KEYS: keys or [secrets.token_urlsafe(24), secrets.token_urlsafe(24)],
        }

    def list_keys(self, request: Request, emulator: Emulator) -> Reply:
        """POST listKeys."""
        return Reply(200, ServerlessEndpoint.read(self.require(request, emulator)).show_keys())

    def regenerate_keys(self, request: Request, emulator: Emulator) -> Reply:
        """POST regenerateKeys with keyType Primary or Secondary."""
        found = ServerlessEndpoint.read(self.require(request, emulator))
        kind = KeyType.stated(str(request.json().get("keyType") or ""))
        renewed = found.with_key(kind, secrets.token_urlsafe(24)).save(emulator.store, self.plural)
        return Reply(200, renewed.show_keys())


class MarketplaceSubscriptions(Records):
    """Subscriptions to a model of the marketplace; nothing is bought."""

    plural = "marketplaceSubscriptions"

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """The model must be named."""
        if not stated.get("modelId"):
            raise bad_request("A marketplace subscription needs modelId.", target="modelId")
        plan = {"offerId": str(uuid.uuid5(uuid.NAMESPACE_URL, stated["modelId"])), "planId": "emulated",
                "publisherId": "emulator"}  # fmt: skip
        return {**stated, "marketplacePlan": plan, "marketplaceSubscriptionStatus": "Subscribed"}


class CapabilityHosts(Records):
    """Capability hosts of hubs and projects."""

    plural = "capabilityHosts"
    empty: ClassVar[Json] = {"capabilityHostKind": "Agents"}


class OutboundRules(Records):
    """Rules of the managed network, which the workspace says too; no network is made."""

    plural = "outboundRules"
    secret = ("provisioningState",)
    empty: ClassVar[Json] = {"category": "UserDefined", "status": "Inactive"}

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """A rule is of one of three types."""
        if stated.get("type") not in ("FQDN", "PrivateEndpoint", "ServiceTag"):
            raise bad_request("The type of an outbound rule is FQDN, PrivateEndpoint or ServiceTag.", target="type")
        self._tell(emulator, scope.require(request, emulator), self._name(request), {**self.empty, **stated})
        return stated

    def check_deletion(self, emulator: Emulator, found: Resource) -> None:
        """What the service cannot do without stays."""
        if found.body["properties"].get("category") == "Required":
            raise bad_request(f"The outbound rule {found.name} is required and cannot be deleted.", target=found.name)
        workspace = emulator.store.get(found.parent)
        assert workspace is not None, "rules go with their workspace"
        self._tell(emulator, workspace, found.name, None)

    def show(self, resource: Resource) -> Json:
        """As it is answered; who wrote it is not said."""
        return {key: value for key, value in super().show(resource).items() if key != "systemData"}

    def _tell(self, emulator: Emulator, holder: Resource, name: str, rule: Json | None) -> None:
        """Write a rule into its workspace, or take it away."""
        workspace = Workspace.read(holder)
        if workspace.is_isolated:
            workspace.with_rule(name, rule).save(emulator.store, scope.KIND)


class PrivateEndpointConnections(Records):
    """Private endpoint connections; no network is made."""

    plural, slow, created = "privateEndpointConnections", False, 200


def empty_list(request: Request, emulator: Emulator) -> Reply:
    """GET what an emulated workspace has none of: features, private link resources."""
    scope.require(request, emulator)
    return Reply(200, {"value": []})


def diagnose(request: Request, emulator: Emulator) -> Reply:
    """POST diagnose: 202, and at its end nothing is wrong, for there is nothing to be looked at."""
    found = scope.require(request, emulator)
    kinds = ("userDefinedRoute", "networkSecurityRule", "resourceLock", "dnsResolution", "storageAccount",
             "keyVault", "containerRegistry", "applicationInsights", "other")  # fmt: skip
    value: dict[str, list[Any]] = {f"{kind}Results": [] for kind in kinds}
    started = emulator.operations.start(
        found.id, scope.KIND, effect="none", request=request, location=scope.location(found), answer={"value": value}
    )
    return Reply(202, None, {"Location": str(started.location), **started.again})


SERVERLESS_ENDPOINTS = ServerlessEndpoints()
KINDS: tuple[Records, ...] = (
    SERVERLESS_ENDPOINTS,
    MarketplaceSubscriptions(),
    CapabilityHosts(),
    OutboundRules(),
    PrivateEndpointConnections(),
)
