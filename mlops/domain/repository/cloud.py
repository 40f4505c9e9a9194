"""What a first release needs of a subscription and of a repository on GitHub: names, roles, variables. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops import clouds
from mlops.clouds import PUBLIC
from mlops.domain.environments.workspace_name import WorkspaceName
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
TRAINING_ROLES, RELEASE_ROLES = ("train", "cleanup"), ("release",)  # kinds of infra/roles.json
READ_ROLE, SCALE_ROLE = "read", "autoscale"
ZONES = {  # first label of a private DNS zone -> the endpoint that it names
    "api": "amlworkspace",
    "notebooks": "amlworkspace",
    "blob": "blob",
    "file": "file",
    "vaultcore": "vault",
    "azurecr": "registry",
}
HASH_LENGTH = 16


@dataclass(frozen=True)
class ClusterSpec:
    """A cluster that scales to zero, as params.yaml states it."""

    name: str
    size: str
    max_nodes: int
    idle_seconds: int
    low_priority: bool


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
    scaled: frozenset[str] = frozenset()  # environments whose identity writes autoscale settings
    lock: bool = False
    isolation: str = "Disabled"
    subnet: str = ""  # of private endpoints; with one, public access is off
    dns_zones: tuple[str, ...] = ()  # ids of private zones for them
    cluster: ClusterSpec | None = None
    registry: str = ""  # that models go through to other workspaces
    others: tuple[WorkspaceName, ...] = ()  # workspaces that environments have of their own
    built_in_roles: bool = False  # those of Azure, which allow more, in the place of our own
    budget: int = 0
    contacts: tuple[str, ...] = ()
    budget_start: str = ""
    cloud: str = PUBLIC.name

    @property
    def tags(self) -> dict[str, str]:
        """What everything that is made carries."""
        return {MADE_BY_TAG: MADE_BY}

    @property
    def providers(self) -> tuple[str, ...]:
        """The resource providers that it needs."""
        return (*PROVIDERS, *(("Microsoft.Network",) if self.subnet else ()))

    @property
    def role_suffix(self) -> str:
        """How the names of our roles end; no two of a tenant may be alike."""
        return f"{self.workspace} in {self.group} of {self.subscription}"

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


def elsewhere(spec: CloudSpec, place: WorkspaceName) -> CloudSpec:
    """What is set up for another workspace: it, and nothing that there is once."""
    there = replace(
        spec,
        subscription=place.subscription or spec.subscription,
        group=place.resource_group or spec.group,
        workspace=place.workspace or spec.workspace,
    )
    return replace(there, environments=(), budget=0, cluster=None, registry="", others=())


def access_parameters(spec: CloudSpec, principals: Mapping[str, str], own_roles: Mapping[str, str]) -> dict[str, Any]:
    """Those of infra/access.json, for the identities of environments by their name."""
    access = [
        {"principal": principal, "role": role}
        for environment, principal in principals.items()
        for role in roles(spec, environment, own_roles)
    ]
    return {"workspace": spec.workspace, "access": access}


def deployment_name(what: str) -> str:
    """The name of a deployment to Azure Resource Manager."""
    return f"{OURS}{what}"


def workspace_parameters(spec: CloudSpec) -> dict[str, Any]:
    """Those of infra/workspace.json."""
    stated: dict[str, Any] = {"workspace": spec.workspace, "location": spec.location, "tags": spec.tags}
    stated |= {"lock": spec.lock, "isolation": spec.isolation}
    return stated | ({"subnet": spec.subnet, "dnsZones": zones(spec.dns_zones)} if spec.subnet else {})


def zones(ids: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Private DNS zones by what they are for, as infra/workspace.json takes them. Raises KeyError for another zone."""
    found: dict[str, list[dict[str, Any]]] = {}
    for id in ids:
        name = id.rpartition("/")[2]
        stated = {"name": name.replace(".", "-"), "properties": {"privateDnsZoneId": id}}
        found.setdefault(ZONES[name.removeprefix("privatelink.").split(".")[0]], []).append(stated)
    return found


def compute_parameters(spec: CloudSpec, cluster: ClusterSpec) -> dict[str, Any]:
    """Those of infra/compute.json."""
    stated = {"workspace": spec.workspace, "cluster": cluster.name, "size": cluster.size}
    scale = {"maxNodes": cluster.max_nodes, "idleSeconds": cluster.idle_seconds}
    priority = "LowPriority" if cluster.low_priority else "Dedicated"
    return {**stated, **scale, "priority": priority, "location": spec.location, "tags": spec.tags}


def registry_parameters(spec: CloudSpec, principals: tuple[str, ...]) -> dict[str, Any]:
    """Those of infra/registry.json."""
    stated = {"registry": spec.registry, "location": spec.location, "principals": list(principals)}
    return {**stated, "tags": spec.tags}


def role_parameters(spec: CloudSpec) -> dict[str, Any]:
    """Those of infra/roles.json."""
    return {"suffix": spec.role_suffix}


def roles(spec: CloudSpec, environment: str, own: Mapping[str, str]) -> list[str]:
    """The ids of the roles that an environment's identity gets on the workspace; `own` has those of ours by kind."""
    if spec.built_in_roles:
        return [DATA_SCIENTIST, *([COMPUTE_OPERATOR] if environment == TRAINING else [])]
    return [own.get(kind, "") for kind in (TRAINING_ROLES if environment == TRAINING else RELEASE_ROLES)]


def environment_parameters(
    spec: CloudSpec, environment: str, subjects: tuple[str, ...], own_roles: Mapping[str, str]
) -> dict[str, Any]:
    """Those of infra/environment.json."""
    return {
        "identity": spec.identity(environment),
        "workspace": spec.workspace,
        "subjects": list(subjects),
        "roles": roles(spec, environment, own_roles),
        **({"groupRoles": [own_roles.get(SCALE_ROLE, "")]} if environment in spec.scaled and own_roles else {}),
        "location": spec.location,
        "tags": spec.tags,
    }


def subscription_parameters(
    spec: CloudSpec, principals: tuple[str, ...], own_roles: Mapping[str, str]
) -> dict[str, Any]:
    """Those of infra/subscription.json."""
    role = MONITORING_READER if spec.built_in_roles else own_roles.get(READ_ROLE, "")
    stated: dict[str, Any] = {"principals": list(principals), "role": role}
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
