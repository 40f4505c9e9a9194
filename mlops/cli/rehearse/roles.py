"""The credential and the roles of a rehearsal: those of the set-up guide and no more, which shows that they suffice."""

from typing import Any

from azureml_emulator import process
from mlops.cli.rehearse import places
from mlops.params import Params


def access(repository: str, params: Params) -> dict[str, Any]:
    """What the emulator is told to allow: the federated credential of a repository, and its roles."""
    training, client = places.training(), process.workspace()["AZURE_CLIENT_ID"]
    roles = [
        ("AzureML Data Scientist", places.scope(*training)),
        ("Monitoring Reader", f"/subscriptions/{training[1]}"),
        ("AzureML Compute Operator", places.scope(*training)),
        *places.roles(params),
    ]
    return {
        "federated_credentials": [{"client": client, "subject": f"repo:{repository}:environment:training"}],
        "role_assignments": [{"principal": client, "role": role, "scope": scope} for role, scope in roles],
    }
