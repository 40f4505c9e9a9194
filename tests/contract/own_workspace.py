"""The product's own connection to the emulator's workspace. No test stands here."""

import os
from functools import cache
from typing import TYPE_CHECKING

from azureml_emulator import process
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential


def own_workspace() -> Workspace:
    """The product's own connection to the default workspace."""
    names = process.workspace()
    subscription, group = names["AZURE_SUBSCRIPTION_ID"], names["AZURE_RESOURCE_GROUP"]
    target = Target("emulator", subscription, group, names["AZURE_ML_WORKSPACE"], "")
    return Workspace(target, _signed_in(os.environ["HTTPS_PROXY"]))


@cache
def _signed_in(_proxy: str) -> "DefaultAzureCredential":
    """One for all connections to an emulator: each would ask it for tokens of its own."""
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
