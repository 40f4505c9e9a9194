"""The versions of Azure's interfaces that templates and code name: ones that a published client has, or the REST pages.

Recorded from the packages, as PyPI has them; a new version is looked up there before it is entered here.
"""

import re
from pathlib import Path

import pytest

from mlops.yamls import read

ROOT = Path(__file__).resolve().parents[2]
ML = "pages of Microsoft Learn on templates (Microsoft.MachineLearningServices)"
# Type of a template, in lower case -> version -> where it was seen.
OF_TYPES = {
    "microsoft.authorization/locks": {"2020-05-01": "azure-mgmt-resource-locks 1.0.0"},
    "microsoft.authorization/roleassignments": {"2022-04-01": "azure-mgmt-authorization 4.0.0"},
    "microsoft.authorization/roledefinitions": {"2022-04-01": "azure-mgmt-authorization 4.0.0"},
    "microsoft.consumption/budgets": {"2021-10-01": "azure-mgmt-consumption 10.0.0"},
    "microsoft.containerregistry/registries": {"2023-07-01": "azure-mgmt-containerregistry 10.3.0"},
    "microsoft.insights/components": {"2020-02-02": "azure-mgmt-applicationinsights 4.0.0"},
    "microsoft.keyvault/vaults": {"2023-07-01": "azure-mgmt-keyvault 10.3.1"},
    "microsoft.machinelearningservices/registries": {"2024-10-01": ML},
    "microsoft.machinelearningservices/workspaces": {"2024-10-01": ML},
    "microsoft.machinelearningservices/workspaces/computes": {"2024-10-01": ML},
    "microsoft.managedidentity/userassignedidentities": {"2023-01-31": "azure-mgmt-msi 7.0.0"},
    "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials": {
        "2023-01-31": "azure-mgmt-msi 7.0.0"
    },
    "microsoft.network/privateendpoints": {"2024-03-01": "azure-mgmt-network 27.0.0"},
    "microsoft.network/privateendpoints/privatednszonegroups": {"2024-03-01": "azure-mgmt-network 27.0.0"},
    "microsoft.operationalinsights/workspaces": {"2022-10-01": "azure-mgmt-loganalytics 13.0.0b6"},
    "microsoft.storage/storageaccounts": {"2023-05-01": "azure-mgmt-storage 21.2.1"},
}
# Module of mlops.azure -> what it names, beside Machine Learning's.
OF_CODE = {
    "arm": {
        "2020-05-01": "locks: azure-mgmt-resource-locks 1.0.0",
        "2021-04-01": "groups, providers: azure-mgmt-resource 23.3.0",
        "2022-09-01": "deployments: azure-mgmt-resource 23.3.0",
        "2022-12-01": "subscriptions: azure-mgmt-resource 23.3.0",
    },
    "autoscale": {"2022-10-01": "azure-mgmt-monitor 6.0.2"},
    "blob_reading": {"2021-12-02": "azure-storage-blob 12.31, among those that it may be told to send"},
    "chat_completions": {"2024-10-21": "Azure OpenAI, pages of Microsoft Learn on its interface"},
    "endpoint_usage": {"2024-02-01": "azure-monitor-querymetrics 1.0.0, and Resource Manager's metrics"},
    "metrics_batch": {"2024-02-01": "azure-monitor-querymetrics 1.0.0"},
    "monitor_client": {"2024-02-01": "Resource Manager's metrics"},
    "retail_prices": {"2023-01-01-preview": "pages of Microsoft Learn on retail prices"},
    "subscription": {
        "2019-05-01": "metadata/endpoints: azure-cli's list of clouds",
        "2021-04-01": "azure-mgmt-resource 23.3.0",
        "2022-04-01": "permissions: azure-mgmt-authorization 4.0.0",
        "2022-12-01": "azure-mgmt-resource 23.3.0",
    },
}
OF_ML = {"2021-10-01", "2023-08-01-preview", "2024-10-01"}  # as azure-ai-ml sends them: emulator/docs/rest-parity.md


@pytest.mark.parametrize("path", sorted((ROOT / "infra").glob("*.json")), ids=lambda path: path.stem)
def test_a_template_names_versions_that_there_are(path: Path) -> None:
    named = {(one["type"].lower(), one["apiVersion"]) for one in read(path.read_bytes()).get("resources", ())}
    assert [one for one in named if one[1] not in OF_TYPES.get(one[0], {})] == []


@pytest.mark.parametrize("path", sorted((ROOT / "mlops" / "azure").glob("*.py")), ids=lambda path: path.stem)
def test_code_names_versions_that_there_are(path: Path) -> None:
    named = set(re.findall(r"\b20\d\d-\d\d-\d\d(?:-preview)?\b", path.read_text(encoding="utf-8")))
    assert named - OF_ML - set(OF_CODE.get(path.stem, ())) == set()
