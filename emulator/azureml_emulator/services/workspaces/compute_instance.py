"""What the service says of a compute instance: nothing of its machine while it is made, then how it is reached.

It must not check or change one (`machines`, `compute`). Source: ComputeInstanceProperties of
Microsoft.MachineLearningServices (REST specification), and what the service was recorded to answer.
"""

import hashlib

from azureml_emulator.core import clouds, defaults
from azureml_emulator.core.request import Json
from azureml_emulator.services.entra.tokens import object_id

_UNSAID = (  # where nobody states it
    "imageVersion",
    "imageSku",
    "subnet",
    "autologgerSettings",
    "personalComputeInstanceSettings",
    "setupScripts",
    "dataMounts",
    "dataDisks",
    "containers",
    "updateStatus",
)
_NOT_WHILE_MADE = (
    "sshSettings",
    "errors",
    "connectivityEndpoints",
    "applications",
    "state",
    "lastOperation",
    "applicationSharingPolicy",
    "versions",
    "customServices",
    "osImageMetadata",
)
_SWITCHES = {
    "enableRootAccess": True,
    "enableNodePublicIp": True,
    "enableBatchPrivateLink": False,
    "enableOSPatching": False,
    "releaseQuotaOnStop": False,
    "enableSSO": True,
}
_APPLICATIONS = (("Jupyter", "tree/"), ("Jupyter Lab", "lab"))
_IMAGE = "26.03.01"


def settings(name: str, location: str, kept: Json, created: str, *, making: bool) -> Json:
    """The properties of its own kind, as they are answered."""
    owner = {"userOrgId": defaults.TENANT_ID, "userId": object_id(defaults.CLIENT_ID)}
    known = {**dict.fromkeys(_UNSAID), **_SWITCHES, "computeInstanceAuthorizationType": "personal", **kept}
    whole = {**known, "createdBy": owner, **_machine(name, location, kept, created)}
    if making:
        return {**{key: value for key, value in whole.items() if key != "schedules"}, **dict.fromkeys(_NOT_WHILE_MADE)}
    return whole


def operation(name: str, time: str) -> Json:
    """What somebody did to it last."""
    return {"operationName": name, "operationTime": time, "operationStatus": "Succeeded", "operationTrigger": "User"}


def _machine(name: str, location: str, kept: Json, created: str) -> Json:
    """What is known once there is a machine."""
    number = hashlib.sha256(name.lower().encode()).digest()
    ssh = {"sshPublicAccess": "Disabled", "adminPublicKey": None, **(kept.get("sshSettings") or {})}
    if ssh["sshPublicAccess"] == "Disabled":
        ssh["adminPublicKey"] = None
    host = clouds.here(f"https://{name}.{location}.instances.azureml.ms")
    return {
        "sshSettings": {**ssh, "adminUserName": "azureuser", "sshPort": 4000},
        "connectivityEndpoints": {
            "publicIpAddress": f"203.0.113.{number[0]}",
            "privateIpAddress": f"10.0.{number[1]}.{number[2]}",
        },
        "applications": [{"displayName": title, "endpointUri": f"{host}/{path}"} for title, path in _APPLICATIONS],
        "lastOperation": kept.get("lastOperation") or operation("Create", created),
        "schedules": kept.get("schedules") or {"computeStartStop": []},
        "versions": {"runtime": "3.0.04094.0001"},
        "customServices": kept.get("customServices") or [],
        "osImageMetadata": {
            "currentImageVersion": _IMAGE,
            "latestImageVersion": _IMAGE,
            "isLatestOsImageVersion": True,
        },
    }
