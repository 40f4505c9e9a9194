"""The cloud that this process poses as. Code and routes name the hosts of the public one; `here` makes them its own.

One process is one cloud, so which it is stands here and not in what handlers are given.
Sources: azure-ai-ml's table of environments; Learn, "How to use your workspace with a custom DNS server", "Azure
Machine Learning feature availability across cloud regions", "Compare Azure Government and global Azure", "Check
endpoints in Azure" of 21Vianet; azure-monitor-querymetrics. The regional host of registries in Azure Government is
taken to be made like the one that is published for 21Vianet.
"""

import re
from dataclasses import dataclass

SETTING, VARIABLE = "cloud", "AZURE_CLOUD"
NOWHERE = "not-there.invalid"  # of a host that a cloud is not known to have


@dataclass(frozen=True)
class PosedCloud:
    """A cloud by the name that `az cloud list` gives it: its first region, and its names for those of the public."""

    name: str
    location: str
    names: tuple[tuple[str, str], ...] = ()

    def spelled(self, text: str) -> str:
        """A host, an address or an audience of the public cloud, as this one has it."""
        if not self.names:
            return text
        own = dict(self.names)
        any_of = "|".join(re.escape(name) for name in sorted(own, key=len, reverse=True))
        return re.sub(any_of, lambda found: own[found[0]], text)


PUBLIC = PosedCloud("AzureCloud", "eastus")
US_GOVERNMENT = PosedCloud(
    "AzureUSGovernment",
    "usgovvirginia",
    (
        ("management.azure.com", "management.usgovcloudapi.net"),
        ("login.microsoftonline.com", "login.microsoftonline.us"),
        ("login.windows.net", "login.usgovcloudapi.net"),
        ("api://AzureADTokenExchange", "api://AzureADTokenExchangeUSGov"),
        ("graph.microsoft.com", "graph.microsoft.us"),
        ("pas.windows.net", "pasff.usgovcloudapi.net"),
        ("core.windows.net", "core.usgovcloudapi.net"),
        ("ml.azure.com", "ml.azure.us"),
        ("api.azureml.ms", "api.ml.azure.us"),
        ("instances.azureml.ms", "instances.azureml.us"),
        ("experiments.azureml.net", "experiments.ml.azure.us"),
        ("metrics.monitor.azure.com", "metrics.monitor.azure.us"),
        ("cognitiveservices.azure.com", "cognitiveservices.azure.us"),
        ("openai.azure.com", "openai.azure.us"),
        ("portal.azure.com", "portal.azure.us"),
        ("notebooks.azure.net", "notebooks.usgovcloudapi.net"),
        ("vault.azure.net", "vault.usgovcloudapi.net"),
        ("azurecr.io", "azurecr.us"),
    ),
)
CHINA = PosedCloud(
    "AzureChinaCloud",
    "chinaeast2",
    (
        ("management.azure.com", "management.chinacloudapi.cn"),
        ("login.microsoftonline.com", "login.chinacloudapi.cn"),
        ("login.windows.net", "login.partner.microsoftonline.cn"),
        ("sts.windows.net", "sts.chinacloudapi.cn"),
        ("api://AzureADTokenExchange", "api://AzureADTokenExchangeChina"),
        ("graph.microsoft.com", "microsoftgraph.chinacloudapi.cn"),
        ("graph.windows.net", "graph.chinacloudapi.cn"),
        ("pas.windows.net", "pas.chinacloudapi.cn"),
        ("core.windows.net", "core.chinacloudapi.cn"),
        ("ml.azure.com", "ml.azure.cn"),
        ("api.azureml.ms", "api.ml.azure.cn"),
        ("instances.azureml.ms", "instances.azureml.cn"),
        ("experiments.azureml.net", "experiments.ml.azure.cn"),
        ("metrics.monitor.azure.com", "metrics.monitor.azure.cn"),
        ("cognitiveservices.azure.com", "cognitiveservices.azure.cn"),
        ("openai.azure.com", NOWHERE),
        ("prices.azure.com", NOWHERE),  # its list has another form
        ("portal.azure.com", "portal.azure.cn"),
        ("notebooks.azure.net", "notebooks.chinacloudapi.cn"),
        ("vault.azure.net", "vault.azure.cn"),
        ("azurecr.io", "azurecr.cn"),
    ),
)
CLOUDS = {one.name: one for one in (PUBLIC, US_GOVERNMENT, CHINA)}
_posed = [PUBLIC]


def pose(name: str) -> None:
    """Be that cloud from now on."""
    _posed[0] = CLOUDS[name]


def posed() -> PosedCloud:
    """The cloud that this process is."""
    return _posed[0]


def here(text: str) -> str:
    """A host, an address or an audience of the public cloud, as the cloud of this process has it."""
    return posed().spelled(text)


def location() -> str:
    """The region of what is made without one."""
    return posed().location
