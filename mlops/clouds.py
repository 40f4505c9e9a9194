"""The clouds of Azure that a workspace can be in, each with its hosts: the only place in the product that names them.

Pure facts, and which of them is meant. `tests/unit/test_clouds.py` compares them with the tables of azure-ai-ml,
azure-mgmt-core and azure-identity; what those do not say has its source beside it.
"""

from dataclasses import dataclass

VARIABLE = "AZURE_CLOUD"


@dataclass(frozen=True)
class Cloud:
    """One cloud. Addresses have no slash at their end, suffixes no dot at their beginning."""

    name: str  # as `az cloud list` and azure-ai-ml say it
    arm: str  # Azure Resource Manager, and the audience of tokens for it
    login: str  # Entra
    audience: str  # of the OIDC token that GitHub gives a job, as Entra wants it
    ml: str  # the studio, and the audience of tokens for endpoints
    storage: str  # what ends the hosts of storage accounts, after `blob.`
    regional: str  # what ends the host of a region's workspaces: run history, MLflow, registry discovery
    discovery: str  # where the registries of every region are found
    metrics: str  # what ends the hosts of Azure Monitor's batch interface, and the audience of tokens for it
    cognitive: str  # the audience of tokens for Azure OpenAI
    models: tuple[str, ...]  # what ends the hosts of Azure OpenAI
    prices: str  # the list of retail prices; empty where it has another form
    domains: tuple[str, ...]  # under which all its hosts are
    region_names: str = ""  # how the names of its regions begin; empty: as those of no other cloud
    regions: tuple[str, ...] = ()  # where it has Azure Machine Learning, as far as that is published; empty: many
    lacks: tuple[str, ...] = ()  # what is published not to be there

    def has_region(self, region: str) -> bool:
        """Whether a region belongs to it, by its name."""
        others = [one.region_names for one in CLOUDS if one is not self and one.region_names]
        return region.startswith(self.region_names) and not (not self.region_names and region.startswith(tuple(others)))


# Source of audiences: Learn, "Configure an app to trust an external identity provider" (audiences by cloud);
# of regional hosts: Learn, "How to use your workspace with a custom DNS server" (names by cloud);
# of metrics: azure-monitor-querymetrics, its README and its tests' table by cloud;
# of `cognitive` and `models`: Azure.AI.OpenAI's AzureOpenAIAudience; Learn, "Azure private endpoint DNS zone values";
# of `regions` and `lacks`: Learn, "Azure Machine Learning feature availability across cloud regions";
# of prices: Learn, "Azure Retail Prices overview" and "Azure Retail Prices API for China", whose form is a file.
ISOLATION = "network isolation of managed online endpoints"

PUBLIC = Cloud(
    name="AzureCloud",
    arm="https://management.azure.com",
    login="https://login.microsoftonline.com",
    audience="api://AzureADTokenExchange",
    ml="https://ml.azure.com",
    storage="core.windows.net",
    regional="api.azureml.ms",
    discovery="https://eastus.api.azureml.ms",
    metrics="metrics.monitor.azure.com",
    cognitive="https://cognitiveservices.azure.com",
    models=("openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"),
    prices="https://prices.azure.com/api/retail/prices",
    domains=("azure.com", "azureml.ms", "azureml.net", "windows.net", "microsoftonline.com"),
)
US_GOVERNMENT = Cloud(
    name="AzureUSGovernment",
    arm="https://management.usgovcloudapi.net",
    login="https://login.microsoftonline.us",
    audience="api://AzureADTokenExchangeUSGov",
    ml="https://ml.azure.us",
    storage="core.usgovcloudapi.net",
    regional="api.ml.azure.us",
    discovery="https://usgovarizona.api.ml.azure.us",
    metrics="metrics.monitor.azure.us",
    cognitive="https://cognitiveservices.azure.us",
    models=("openai.azure.us", "cognitiveservices.azure.us"),
    prices=PUBLIC.prices,  # the one list has the regions of both
    domains=("azure.us", "usgovcloudapi.net", "microsoftonline.us"),
    region_names="usgov",
    regions=("usgovarizona", "usgovvirginia"),
    lacks=(ISOLATION,),
)
CHINA = Cloud(
    name="AzureChinaCloud",
    arm="https://management.chinacloudapi.cn",
    login="https://login.chinacloudapi.cn",
    audience="api://AzureADTokenExchangeChina",
    ml="https://ml.azure.cn",
    storage="core.chinacloudapi.cn",
    regional="api.ml.azure.cn",
    discovery="https://chinaeast2.api.ml.azure.cn",
    metrics="metrics.monitor.azure.cn",
    cognitive="https://cognitiveservices.azure.cn",
    models=(),  # no source names a host of Azure OpenAI there
    prices="",
    domains=("azure.cn", "chinacloudapi.cn"),
    region_names="china",
    regions=("chinaeast2",),
    lacks=(ISOLATION,),
)
CLOUDS = (PUBLIC, US_GOVERNMENT, CHINA)
STORAGE_AUDIENCE = "https://storage.azure.com"  # for which a token of Entra is in every cloud: azure-storage-blob
NAMES = tuple(one.name for one in CLOUDS)


def named(name: str | None) -> Cloud | None:
    """The cloud of that name, in any case of letters; the public one where none is named; None for another name."""
    wanted = (name or PUBLIC.name).lower()
    return next((one for one in CLOUDS if one.name.lower() == wanted), None)


def of_region(region: str) -> Cloud:
    """The cloud that a region belongs to, by its name."""
    return next(one for one in (*CLOUDS[1:], PUBLIC) if one.has_region(region))


def of_host(host: str) -> Cloud | None:
    """The cloud whose host that is; None for one of nobody's here."""
    return next((one for one in CLOUDS if host.endswith(tuple(f".{domain}" for domain in one.domains))), None)


def signs_in(host: str) -> bool:
    """Whether that is Entra of one of them."""
    return any(one.login == f"https://{host}" for one in CLOUDS)
