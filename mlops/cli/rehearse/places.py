"""Where the environments of a rehearsal are: the workspaces and registries that its parameters name are made first.

A scenario is parameters on top of the file's: `two-workspaces` puts the last environment elsewhere.
"""

from collections.abc import Iterator
from typing import Any

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.params import Environment, Params

Place = tuple[str, str, str, str]  # kind, subscription, resource group, name
REGISTRY_USER = "AzureML Registry User"
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
    """What a person is given there who may do what each environment's jobs may, each with its scope."""
    for place in dict.fromkeys(_workspaces(params)):
        yield from in_workspace(place)
    for place in dict.fromkeys(_registries(params)):
        yield REGISTRY_USER, scope(*place)


def in_workspace(place: Place) -> Iterator[tuple[str, str]]:
    """What whoever works in a workspace needs of it."""
    yield "AzureML Data Scientist", scope(*place)
    yield "Monitoring Reader", f"/subscriptions/{place[1]}"


def workspaces(params: Params) -> list[Place]:
    """The workspaces, that of the training first."""
    return list(dict.fromkeys((training(), *_workspaces(params))))


def registries(params: Params) -> list[Place]:
    """The registries that environments take their models from."""
    return list(dict.fromkeys(_registries(params)))


def told(params: Params) -> Iterator[str]:
    """Which environments are elsewhere, for people."""
    for name, one in params.environments.items():
        if is_elsewhere(one):
            through = f", models come through the registry {one.registry}" if one.registry else ""
            yield f"{name} is in {'/'.join(_workspace(one)[2:])} of subscription {_workspace(one)[1]}{through}"


def scope(kind: str, subscription: str, group: str, name: str) -> str:
    """The ARM id."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/{PROVIDER}/{kind}/{name}"


def training() -> Place:
    """The workspace of the training, which the emulator has from its start."""
    names: dict[str, Any] = process.workspace()
    parts = (names[f"AZURE_{key}"] for key in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "ML_WORKSPACE"))
    subscription, group, name = map(str, parts)
    return "workspaces", subscription, group, name


def is_elsewhere(one: Environment) -> bool:
    """Whether an environment has another workspace than the training."""
    return _workspace(one) != training()


def _workspace(one: Environment) -> Place:
    kind, subscription, group, name = training()
    return kind, one.subscription or subscription, one.resource_group or group, one.workspace or name


def _workspaces(params: Params) -> Iterator[Place]:
    return (_workspace(one) for one in params.environments.values() if is_elsewhere(one))


def _registries(params: Params) -> Iterator[Place]:
    return (_registry(one.registry) for one in params.environments.values() if one.registry)


def _registry(name: str) -> Place:
    _, subscription, group, _ = training()
    return "registries", subscription, group, name
