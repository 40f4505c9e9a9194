"""The managed network of a workspace: what it lets out, the rules that the service adds, and its making; none is made.

It must not know what else a workspace is (`workspace`). Source: ManagedNetworkSettings of
Microsoft.MachineLearningServices (REST specification), and what the service was recorded to answer.
"""

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.operations import accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.workspaces import scope
from azureml_emulator.services.workspaces.workspace_resource import Isolation, Workspace

_CHANGEABLE = {"changeableIsolationModes": [Isolation.ALLOW_INTERNET.value, Isolation.ALLOW_APPROVED.value]}
_TAGS = (  # of services that a workspace cannot do without
    "AzureActiveDirectory",
    "AzureContainerRegistry",
    "AzureFrontDoor.FirstParty",
    "AzureMachineLearning",
    "AzureMonitor",
    "AzureResourceManager",
    "BatchNodeManagement",
    "MicrosoftContainerRegistry",
    "VirtualNetwork",
)
_OWN = {"status": "Inactive", "category": "UserDefined"}


def settings(stated: Json | None, workspace: Json, guid: str) -> Json:
    """`managedNetwork` as it is kept. `workspace` are the workspace's own properties. Raises 400 for another mode."""
    wanted = stated or {}
    mode = wanted.get("isolationMode") or Isolation.DISABLED.value
    if mode not in list(Isolation):
        text = f"The isolation mode {mode!r} is not one of {', '.join(Isolation)}."
        raise bad_request(text, code="ValidationError", target="managedNetwork.isolationMode")
    if mode == Isolation.DISABLED:
        return {**_CHANGEABLE, "isolationMode": mode}
    rules = {name: {**_OWN, **(said or {})} for name, said in (wanted.get("outboundRules") or {}).items()}
    return {
        **wanted,
        "isolationMode": mode,
        "networkId": guid,
        "outboundRules": {**rules, **_required(workspace, mode)},
        "status": wanted.get("status") or {"status": "Inactive", "sparkReady": False},
    }


def provision(request: Request, emulator: Emulator) -> Reply:
    """POST provisionManagedNetwork: 202, and at its end the network is there. Raises 400 where there is none."""
    found = Workspace.read(scope.require(request, emulator))
    if not found.is_isolated:
        raise bad_request(f"The workspace {found.name} has no managed network.", code="BadRequest")
    status = {"status": "Active", "sparkReady": bool(request.json().get("includeSpark"))}
    found.with_network(status).save(emulator.store, scope.KIND)
    started = emulator.operations.start(
        found.id, scope.KIND, effect="none", request=request, location=found.location, answer=status
    )
    return accepted(started, 202)


def get(request: Request, emulator: Emulator) -> Reply:
    """GET managedNetwork, or one rule of it, as the interface of 2022 has them below the workspace. Raises 404."""
    network = Workspace.read(scope.require(request, emulator)).network
    whole = {key: network[key] for key in ("isolationMode", "networkId", "outboundRules") if key in network}
    if (name := request.params.get("rule")) is None:
        return Reply(200, whole)
    if (rule := (whole.get("outboundRules") or {}).get(name)) is None:
        raise scope.not_found(f"workspaces/{request.params['ws']}/outboundRules/{name}", request.params["rg"])
    return Reply(200, rule)


def _required(workspace: Json, mode: str) -> Json:
    """The rules without which a workspace does not work: its own vault and storage, and where all may go, services."""
    places: list[tuple[str, tuple[str, ...]]] = [("keyVault", ("vault",))]
    if mode == Isolation.ALLOW_APPROVED:
        places.append(("storageAccount", ("blob", "file")))
    rules: Json = {}
    for where, parts in places:
        if not (id := str(workspace.get(where) or "")):
            continue
        for part in parts:
            to = {"serviceResourceId": id, "subresourceTarget": part, "sparkEnabled": False, "sparkStatus": "Inactive"}
            rules[f"__SYS_PE_{id.rsplit('/', 1)[-1]}_{part}"] = _rule("PrivateEndpoint", to)
    if mode == Isolation.ALLOW_APPROVED:
        for tag in _TAGS:
            to = {"serviceTag": tag, "protocol": "*", "portRanges": "*"}
            rules[f"__SYS_ST_{tag}"] = _rule("ServiceTag", to)
    return rules


def _rule(kind: str, to: Json) -> Json:
    return {"type": kind, "destination": to, "status": "Inactive", "category": "Required"}
