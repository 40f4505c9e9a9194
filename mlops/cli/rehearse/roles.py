"""The identities of a rehearsal, with the roles of the set-up guide and no more, which shows that they suffice."""

from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from azureml_emulator import process
from mlops.cli.rehearse import places
from mlops.params import Params

TRAINING = "training"
Roles = Iterator[tuple[str, str]]  # each with its scope


def names(params: Params) -> tuple[str, ...]:
    """The environments on GitHub, in the order in which a model passes them."""
    return (TRAINING, *params.environments)


def client(environment: str) -> str:
    """The application that the jobs of an environment sign in as; a person is another one."""
    return str(uuid5(NAMESPACE_URL, f"rehearsal/{environment}"))


def access(repository: str, params: Params) -> dict[str, Any]:
    """What the emulator is told to allow: federated credentials of a repository's environments, and roles."""
    person = process.workspace()["AZURE_CLIENT_ID"]
    given = {person: list(_of_a_person(params))}
    given |= {client(name): list(dict.fromkeys(_of(name, params))) for name in names(params)}
    subjects = {client(name): f"environment:{name}" for name in names(params)}
    subjects[person] = "ref:refs/heads/main"  # who types commands on a runner of GitHub has no secret there
    credentials = [{"client": one, "subject": f"repo:{repository}:{subject}"} for one, subject in subjects.items()]
    assignments = [
        {"principal": principal, "role": role, "scope": scope}
        for principal, roles in given.items()
        for role, scope in roles
    ]
    return {"federated_credentials": credentials, "role_assignments": assignments}


def _of_a_person(params: Params) -> Roles:
    """Who looks, asks and writes the report here, and may do what any environment's jobs may."""
    yield from _of_training()
    yield from places.roles(params)


def _of(name: str, params: Params) -> Roles:
    if name == TRAINING:
        yield from _of_training()
    elif places.is_elsewhere(params.environments[name]):
        yield "AzureML Data Scientist", places.scope(*places.training())
    else:
        yield from places.in_workspace(places.training())
    yield from places.roles_of(name, params)


def _of_training() -> Roles:
    yield from places.in_workspace(places.training())
    yield "AzureML Compute Operator", places.scope(*places.training())
