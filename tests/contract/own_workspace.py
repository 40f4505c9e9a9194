"""The product's own connection to the emulator's workspace. No test stands here."""

from azureml_emulator import process
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace


def own_workspace() -> Workspace:
    """The product's own connection to the default workspace."""
    from azure.identity import DefaultAzureCredential

    names = process.workspace()
    subscription, group = names["AZURE_SUBSCRIPTION_ID"], names["AZURE_RESOURCE_GROUP"]
    target = Target("emulator", subscription, group, names["AZURE_ML_WORKSPACE"], "")
    return Workspace(target, DefaultAzureCredential())
