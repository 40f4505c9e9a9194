"""The product's own connection to the emulator's workspace. No test stands here."""

import os
from functools import cache
from typing import TYPE_CHECKING

from azureml_emulator import process
from mlops.azure import target
from mlops.azure.rate_limit import Budget
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential


def own_workspace() -> Workspace:
    """The product's own connection to the default workspace."""
    names = process.workspace()
    subscription, group = names["AZURE_SUBSCRIPTION_ID"], names["AZURE_RESOURCE_GROUP"]
    place = Target("emulator", subscription, group, names["AZURE_ML_WORKSPACE"], "")
    return Workspace(place, _signed_in(os.environ["HTTPS_PROXY"]))


def connected_workspace() -> Workspace:
    """One for many commands, each of which would begin with a whole budget of reads: together they wait for none."""
    place = target.resolve("azure", {**process.workspace()}, interactive=False)
    found = Workspace(place, _signed_in(os.environ["HTTPS_PROXY"]))
    found.budget = Budget(most=1_000_000.0)
    return found


@cache
def _signed_in(_proxy: str) -> "DefaultAzureCredential":
    """One for all connections to an emulator: each would ask it for tokens of its own."""
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
