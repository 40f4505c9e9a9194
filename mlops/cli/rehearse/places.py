"""Where the environments of a rehearsal are: the workspaces and registries that its parameters name are made first.

A scenario is parameters on top of the file's: `two-workspaces` puts the last environment elsewhere.
"""

from collections.abc import Iterator
from typing import Any

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.params import Environment, Params

PROVIDER = "providers/Microsoft.MachineLearningServices"
ELSEWHERE = {
    "workspace": "mlw-production",
    "resource_group": "rg-production",
    "subscription": "00000000-0000-0000-0000-00000000beef",
    "registry": "team-models",
}


def settings(params: Params) -> tuple[str, ...]:
    """What `two-workspaces` changes, as `--set` takes it."""
    last = list(params.environments)[-1]
    return tuple(f"environments.{last}.{key}={value}" for key, value in ELSEWHERE.items())


def make(address: Address, params: Params) -> None:
    """Make what an administrator has made before the first push; what is there stays."""
    for place in dict.fromkeys((*_workspaces(params), *_registries(params))):
        kind, subscription, group, name = place
        process.control(address, "PUT", f"/{kind}/{subscription}/{group}/{name}", {})


def roles(params: Params) -> Iterator[tuple[str, str]]:
    """The roles that the set-up guide asks for there, each with its scope."""
    for place in dict.fromkeys(_workspaces(params)):
        yield "AzureML Data Scientist", scope(*place)
        yield "Monitoring Reader", f"/subscriptions/{place[1]}"
    for place in dict.fromkeys(_registries(params)):
        yield "AzureML Registry User", scope(*place)


def told(params: Params) -> Iterator[str]:
    """Which environments are elsewhere, for people."""
    for name, one in params.environments.items():
        if _is_elsewhere(one):
            through = f", models come through the registry {one.registry}" if one.registry else ""
            yield f"{name} is in {'/'.join(_workspace(one)[2:])} of subscription {_workspace(one)[1]}{through}"


def scope(kind: str, subscription: str, group: str, name: str) -> str:
    """The ARM id."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/{PROVIDER}/{kind}/{name}"


def training() -> tuple[str, str, str, str]:
    """The workspace of the training, which the emulator has from its start."""
    names: dict[str, Any] = process.workspace()
    parts = (names[f"AZURE_{key}"] for key in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "ML_WORKSPACE"))
    subscription, group, name = map(str, parts)
    return "workspaces", subscription, group, name


def _is_elsewhere(one: Environment) -> bool:
    return _workspace(one) != training()


def _workspace(one: Environment) -> tuple[str, str, str, str]:
    kind, subscription, group, name = training()
    return kind, one.subscription or subscription, one.resource_group or group, one.workspace or name


def _workspaces(params: Params) -> Iterator[tuple[str, str, str, str]]:
    return (_workspace(one) for one in params.environments.values() if _is_elsewhere(one))


def _registries(params: Params) -> Iterator[tuple[str, str, str, str]]:
    _, subscription, group, _ = training()
    return (("registries", subscription, group, one.registry) for one in params.environments.values() if one.registry)
