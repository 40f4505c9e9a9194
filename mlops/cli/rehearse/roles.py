"""Who signs in during a rehearsal, and with which roles: those that `mlops init cloud` gives, which shows they suffice.

The jobs of `cleanup` have another identity than those that train, though on Azure both are of the environment
`training`: so each role is seen to be enough by itself. A person has Azure's own roles.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from azureml_emulator import process
from mlops import jsons, product
from mlops.cli.rehearse import places
from mlops.params import Params

TRAINING, CLEANUP = "training", "cleanup training"  # of the workflow `cleanup` in the environment `training`
KINDS = {TRAINING: "train", CLEANUP: "cleanup"}  # the kind of role; of each other environment it is RELEASE
RELEASE, READ = "release", "read"
Roles = Iterator[tuple[str, str]]  # each with its scope


def names(params: Params) -> tuple[str, ...]:
    """The environments on GitHub, in the order in which a model passes them."""
    return (TRAINING, *params.environments)


def kinds(params: Params) -> dict[str, str]:
    """The identities, and the kind of role that each has."""
    return {**KINDS, **dict.fromkeys(params.environments, RELEASE)}


def client(name: str) -> str:
    """The application of an identity; a person is another one."""
    return str(uuid5(NAMESPACE_URL, f"rehearsal/{name}"))


def access(repository: str, params: Params) -> dict[str, Any]:
    """What the emulator is told to allow: federated credentials of a repository's environments, and roles."""
    person = process.workspace()["AZURE_CLIENT_ID"]
    given = {person: list(_of_a_person(params))}
    given |= {client(name): list(dict.fromkeys(_of(kind, params))) for name, kind in kinds(params).items()}
    subjects = {client(name): f"environment:{name.rpartition(' ')[2]}" for name in kinds(params)}
    subjects[person] = "ref:refs/heads/main"  # who types commands on a runner of GitHub has no secret there
    assignments = [
        {"principal": principal, "role": role, "scope": scope}
        for principal, roles in given.items()
        for role, scope in roles
    ]
    return {
        "federated_credentials": [
            {"client": one, "subject": f"repo:{repository}:{subject}"} for one, subject in subjects.items()
        ],
        "role_definitions": [{"name": named(kind), "actions": list(actions)} for kind, actions in custom().items()],
        "role_assignments": assignments,
    }


@cache
def custom() -> Mapping[str, tuple[str, ...]]:
    """The actions of each role of our own, by its kind."""
    stated = jsons.read((product.ROOT / "infra" / "roles.json").read_text(encoding="utf-8"))
    return {str(one["kind"]): tuple(map(str, one["actions"])) for one in stated["variables"]["roles"]}


def named(kind: str) -> str:
    """The name of a role of our own."""
    return f"MLOps {kind}"


def _of_a_person(params: Params) -> Roles:
    """Who looks, asks and writes the report here, and may do what any environment's jobs may."""
    training = places.training()
    yield "AzureML Data Scientist", places.scope(*training)
    yield "Monitoring Reader", f"/subscriptions/{training[1]}"
    yield "AzureML Compute Operator", places.scope(*training)
    yield from places.roles(params)


def _of(kind: str, params: Params) -> Roles:
    """A role is for all workspaces: training looks what is served elsewhere, a release reads what was trained."""
    for place in places.workspaces(params):
        yield named(kind), places.scope(*place)
        yield named(READ), f"/subscriptions/{place[1]}"
    for place in places.registries(params):
        yield places.REGISTRY_USER, places.scope(*place)
