"""What a first release needs of a subscription and of a repository on GitHub: names, roles, variables. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops import clouds
from mlops.clouds import PUBLIC
from mlops.domain.tags import MADE_BY_TAG, OURS

TRAINING, MAIN, WORKSPACE_VARIABLE = "training", "main", "AZURE_ML_WORKSPACE"
MADE_BY = "init-cloud"
MADE_VARIABLE = "MLOPS_INIT_CLOUD"  # of the repository: what of its settings `init cloud` made
USED_PROVIDERS = (
    "Microsoft.MachineLearningServices",
    "Microsoft.Storage",
    "Microsoft.KeyVault",
    "Microsoft.ContainerRegistry",
    "Microsoft.Insights",
)
PROVIDERS = (*USED_PROVIDERS, "Microsoft.OperationalInsights", "Microsoft.ManagedIdentity")  # what is made, too
DATA_SCIENTIST, COMPUTE_OPERATOR = "f6c7c914-8db3-469d-8ca1-694a8f32e121", "e503ece1-11d0-4e8e-8e2c-7a6c3bf38815"
MONITORING_READER = "43d0d8ad-25c7-4714-9337-8ba259a9fe05"
HASH_LENGTH = 16


@dataclass(frozen=True)
class CloudSpec:
    """What is set up. `approved` are the environments whose deployments wait for the `reviewers`."""

    subscription: str
    tenant: str
    group: str
    workspace: str
    location: str
    repository: str
    environments: tuple[str, ...]
    approved: frozenset[str] = frozenset()
    reviewers: tuple[str, ...] = ()  # LOGIN, or ORGANIZATION/TEAM
    lock: bool = False
    isolation: str = "Disabled"
    built_in_roles: bool = False  # Monitoring Reader, which reads everything, in the place of a role of our own
    budget: int = 0
    contacts: tuple[str, ...] = ()
    budget_start: str = ""
    cloud: str = PUBLIC.name

    @property
    def tags(self) -> dict[str, str]:
        """What everything that is made carries."""
        return {MADE_BY_TAG: MADE_BY}

    @property
    def reader_role(self) -> str:
        """The name of the role on the subscription; no two of a tenant may be alike."""
        return f"MLOps reader for {self.workspace} in {self.group} of {self.subscription}"

    @property
    def group_id(self) -> str:
        """The resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    def identity(self, environment: str) -> str:
        """The identity that the jobs of an environment sign in as."""
        return f"{self.workspace}-{environment}"

    def variables(self, client: str) -> dict[str, str]:
        """Those of an environment."""
        return {
            "AZURE_TENANT_ID": self.tenant,
            "AZURE_CLIENT_ID": client,
            "AZURE_SUBSCRIPTION_ID": self.subscription,
            "AZURE_RESOURCE_GROUP": self.group,
            WORKSPACE_VARIABLE: self.workspace,
            **({} if self.cloud == PUBLIC.name else {clouds.VARIABLE: self.cloud}),
        }


def deployment_name(what: str) -> str:
    """The name of a deployment to Azure Resource Manager."""
    return f"{OURS}{what}"


def workspace_parameters(spec: CloudSpec) -> dict[str, Any]:
    """Those of infra/workspace.json."""
    stated = {"workspace": spec.workspace, "location": spec.location, "tags": spec.tags}
    return {**stated, "lock": spec.lock, "isolation": spec.isolation}


def environment_parameters(spec: CloudSpec, environment: str, subjects: tuple[str, ...]) -> dict[str, Any]:
    """Those of infra/environment.json."""
    return {
        "identity": spec.identity(environment),
        "workspace": spec.workspace,
        "subjects": list(subjects),
        "roles": [DATA_SCIENTIST, *([COMPUTE_OPERATOR] if environment == TRAINING else [])],
        "location": spec.location,
        "tags": spec.tags,
    }


def subscription_parameters(spec: CloudSpec, principals: tuple[str, ...]) -> dict[str, Any]:
    """Those of infra/subscription.json."""
    stated: dict[str, Any] = {"principals": list(principals)}
    stated |= {"role": MONITORING_READER} if spec.built_in_roles else {"roleName": spec.reader_role}
    if spec.budget:
        stated |= {"budget": spec.budget, "budgetName": deployment_name(spec.workspace), "resourceGroup": spec.group}
        stated |= {"budgetStart": spec.budget_start, "contacts": list(spec.contacts)}
    return stated


def subjects(prefixes: tuple[str, ...], environment: str) -> tuple[str, ...]:
    """The subjects that the OIDC tokens of an environment's jobs may have."""
    return tuple(f"{prefix}:environment:{environment}" for prefix in prefixes)


def prefixes(repository: str, stated: str, owner_id: int, repository_id: int) -> tuple[str, ...]:
    """What subjects of a repository begin with: as GitHub states it first, then the other of the two forms."""
    owner, _, name = repository.partition("/")
    both = (f"repo:{repository}", f"repo:{owner}@{owner_id}/{name}@{repository_id}")
    return tuple(dict.fromkeys([*([stated] if stated else []), *both]))


def fingerprint(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """What tells two deployments apart: the template and what it was given."""
    whole = json.dumps([template, parameters], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:HASH_LENGTH]
