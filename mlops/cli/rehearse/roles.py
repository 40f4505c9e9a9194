"""The credential and the roles of a rehearsal: those of the set-up guide and no more, which shows that they suffice."""

from typing import Any

from azureml_emulator import process


def access(repository: str) -> dict[str, Any]:
    """What the emulator is told to allow: the federated credential of a repository, and its roles."""
    names = process.workspace()
    subscription, client = f"/subscriptions/{names['AZURE_SUBSCRIPTION_ID']}", names["AZURE_CLIENT_ID"]
    workspace = (
        f"{subscription}/resourceGroups/{names['AZURE_RESOURCE_GROUP']}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{names['AZURE_ML_WORKSPACE']}"
    )
    roles = {
        "AzureML Data Scientist": workspace,
        "Monitoring Reader": subscription,
        "AzureML Compute Operator": workspace,
    }
    return {
        "federated_credentials": [{"client": client, "subject": f"repo:{repository}:environment:training"}],
        "role_assignments": [{"principal": client, "role": role, "scope": scope} for role, scope in roles.items()],
    }
