"""What an online endpoint is: how its clients sign in, its shares of traffic, its keys, and its provisioning state.

Source: OnlineEndpoint of Microsoft.MachineLearningServices (REST specification), and the service's refusals.
"""

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Any, Self

from azureml_emulator.core import arm, clouds, defaults
from azureml_emulator.core.errors import ServiceError, bad_request, error_object
from azureml_emulator.core.typed import At, Json, Provisioned, ProvisioningState
from azureml_emulator.services.online_endpoints.deployment_resource import OPERATION, OnlineDeployment

KIND = "onlineEndpoints"
TYPE_PATH = "workspaces/onlineEndpoints"
NAME = re.compile(r"^[a-zA-Z](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$")
SHORTEST, LONGEST = 3, 32
MOST_MIRRORED = 50  # percent
KEY_NAMES = ("primary", "secondary")
ENDPOINT_ID = "azureml.onlineendpointid"
_REPLACED = ("description", "properties", "publicNetworkAccess")  # by a PUT that states them


class AuthMode(StrEnum):
    """How a client of the endpoint signs in."""

    KEY = "Key"
    AML_TOKEN = "AMLToken"  # noqa: S105 - the name of a mode
    AAD_TOKEN = "AADToken"  # noqa: S105 - the name of a mode

    @classmethod
    def stated(cls, text: str) -> Self:
        """The mode of that name, whatever its case. Raises 400."""
        found = next((mode for mode in cls if mode.lower() == text.lower()), None)
        if found is None:
            raise bad_request(f"The auth mode {text!r} is not one of {', '.join(cls)}.", target="authMode")
        return found


@dataclass(frozen=True)
class Shares:
    """Percent of the requests by deployment: of the live traffic, and of its mirror."""

    traffic: Mapping[str, int] = field(default_factory=dict)
    mirror: Mapping[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raises a 400 for what cannot be divided so."""
        total = sum(self.traffic.values())
        if total not in (0, 100):
            raise bad_request(f"Traffic must sum to 0 or 100, not {total}.", code="BadArgument", target="traffic")
        if len(self.mirror) > 1 or sum(self.mirror.values()) > MOST_MIRRORED or set(self.mirror) & set(self.traffic):
            text = f"Traffic is mirrored to one deployment without live traffic, {MOST_MIRRORED} percent at most."
            raise bad_request(text, code="BadArgument", target="mirrorTraffic")


@dataclass(frozen=True, kw_only=True)
class OnlineEndpoint(Provisioned):
    """An online endpoint. `keys` are the primary and the secondary one; only listKeys shows them."""

    location: Annotated[str, At("location")]
    kind: Annotated[str, At("kind")] = "Managed"
    tags: Annotated[Json, At("tags")] = field(default_factory=dict)
    identity: Annotated[Json, At("identity")] = field(default_factory=dict)
    system_data: Annotated[Json, At("systemData")] = field(default_factory=dict)
    auth_mode: Annotated[AuthMode, At("properties.authMode")] = AuthMode.KEY
    compute: Annotated[str | None, At("properties.compute")] = None
    description: Annotated[str | None, At("properties.description")] = None
    labels: Annotated[Json, At("properties.properties")] = field(default_factory=dict)
    public_network_access: Annotated[str, At("properties.publicNetworkAccess")] = "Enabled"
    scoring_uri: Annotated[str, At("properties.scoringUri")] = ""
    swagger_uri: Annotated[str, At("properties.swaggerUri")] = ""
    traffic: Annotated[dict[str, int], At("properties.traffic")] = field(default_factory=dict)
    mirror_traffic: Annotated[dict[str, int], At("properties.mirrorTraffic")] = field(default_factory=dict)
    keys: Annotated[list[str], At("_keys")] = field(default_factory=list)

    @classmethod
    def new(cls, parent: str, name: str, location: str, body: Json, compute: str | None) -> Self:
        """One that was just asked for: without traffic, with keys. Raises 400 for shares of what cannot be there."""
        stated = body.get("properties") or {}
        for part in ("traffic", "mirrorTraffic"):
            if any((stated.get(part) or {}).values()):
                raise bad_request(f"The endpoint has no deployment yet, so {part} cannot be set.", target=part)
        id = f"{parent}/{KIND}/{name}"
        principal = {"principalId": str(uuid.uuid5(uuid.NAMESPACE_URL, id.lower())), "tenantId": defaults.TENANT_ID}
        host = clouds.here(f"https://{name.lower()}.{location}.inference.ml.azure.com")
        return cls(
            id=id,
            name=name,
            parent=parent,
            location=location,
            kind=body.get("kind") or "Managed",
            tags=body.get("tags") or {},
            identity={"type": "SystemAssigned", **(body.get("identity") or {}), **principal},
            auth_mode=AuthMode.stated(str(stated.get("authMode") or AuthMode.KEY)),
            compute=compute,
            description=stated.get("description"),
            labels=stated.get("properties") or {},
            public_network_access=stated.get("publicNetworkAccess") or "Enabled",
            scoring_uri=f"{host}/score",
            swagger_uri=f"{host}/swagger.json",
            keys=[new_key(), new_key()],
        )

    @property
    def shares(self) -> Shares:
        """What it has of each deployment."""
        return Shares(self.traffic, self.mirror_traffic)

    def changed(self, body: Json, deployments: Mapping[str, OnlineDeployment]) -> Self:
        """As a PUT states it anew, in the state Updating. Raises 400 for what may not become of it."""
        stated = body.get("properties") or {}
        shares = Shares(
            _checked_shares(stated.get("traffic") or {}, deployments, self.traffic, "traffic"),
            _checked_shares(stated.get("mirrorTraffic") or {}, deployments, self.mirror_traffic, "mirrorTraffic"),
        )
        shares.check()
        if stated.get("authMode") and AuthMode.stated(str(stated["authMode"])) is not self.auth_mode:
            raise bad_request("The auth mode of an endpoint cannot be changed.", code="BadArgument", target="authMode")
        replaced = {
            name: stated[wire_name]
            for name, wire_name in zip(("description", "labels", "public_network_access"), _REPLACED, strict=True)
            if wire_name in stated
        }
        if "labels" in replaced:
            own = {name: self.labels[name] for name in (ENDPOINT_ID, OPERATION) if name in self.labels}
            replaced["labels"] = {**(replaced["labels"] or {}), **own}  # what the service wrote is not the caller's
        return replace(
            self.moved(ProvisioningState.UPDATING),
            traffic=dict(shares.traffic),
            mirror_traffic=dict(shares.mirror),
            tags=body.get("tags") or {},
            identity={**self.identity, **(body.get("identity") or {})},
            **replaced,
        )

    def with_key(self, kind: str, value: str | None) -> Self:
        """With its primary or secondary key renewed. Raises 400 for another kind."""
        if kind.lower() not in KEY_NAMES:
            raise bad_request(f"keyType {kind!r} is not Primary or Secondary.", target="keyType")
        keys, index = list(self.keys), KEY_NAMES.index(kind.lower())
        # the SDK sends the present value along, and still means a new one
        keys[index] = value if value and value != keys[index] else new_key()
        return replace(self, keys=keys)

    def show(self) -> Json:
        """As ARM shows it; where it is called is known once it is made."""
        body = self.body()
        body["systemData"] = arm.of_endpoint(self.system_data)
        if self.state is ProvisioningState.CREATING:
            body["properties"] = {**body["properties"], "scoringUri": None, "swaggerUri": None}
        return arm.shown(self.id, self.name, body, TYPE_PATH)

    def named_by(self, operation_url: str) -> Self:
        """With what the service writes into its properties when it begins to make it."""
        return replace(self, labels={**self.labels, ENDPOINT_ID: self.id.lower(), OPERATION: operation_url})


def new_key() -> str:
    """A key for scoring."""
    return secrets.token_urlsafe(24)


def check_name(name: str, what: str) -> None:
    """The rule of the service for endpoints and deployments, online and batch. Raises 400."""
    if not SHORTEST <= len(name) <= LONGEST or not NAME.match(name):
        text = (
            f"The {what} name {name!r} is not valid: {SHORTEST} to {LONGEST} characters, beginning with a letter, then "
            "letters, digits and hyphens, ending with a letter or digit."
        )
        raise bad_request(text, code="BadArgument", target="name")


def _checked_shares(
    stated: Mapping[str, Any], known: Mapping[str, OnlineDeployment], kept: Mapping[str, int], part: str
) -> dict[str, int]:
    """The shares above zero, of deployments that exist and, where a share is new, are healthy. Raises 400."""
    try:
        shares = {name: int(value) for name, value in stated.items() if int(value) != 0}
    except (TypeError, ValueError):
        raise bad_request(f"{part} must be whole percentages by deployment.", target=part) from None
    for name, value in shares.items():
        if name not in known:
            raise bad_request(f"Deployment {name} in {part} does not exist.", code="BadArgument", target=part)
        if not 0 < value <= 100:
            raise bad_request(f"{part} of {name} must be between 0 and 100.", code="BadArgument", target=part)
        if known[name].state is ProvisioningState.FAILED and kept.get(name) != value:
            detail = error_object("BadArgument", f"Deployment {name} is in Failed state.")
            raise ServiceError(400, "BadRequest", f"Deployment {name} cannot take traffic.", details=[detail])
    return shares
