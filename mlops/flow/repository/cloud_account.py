"""What `mlops init cloud` sets up in a subscription: providers, a group, and deployments of templates."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from mlops import clock
from mlops.azure import arm
from mlops.azure.workspace import Workspace
from mlops.domain.repository import cloud
from mlops.domain.repository.cloud import CloudSpec
from mlops.domain.tags import MADE_BY_TAG, TEMPLATE_TAG
from mlops.errors import BadInput, MlopsError, Problem, RemoteFailed
from mlops.flow import poll
from mlops.flow.repository.cloud_steps import Service, SetUpState, SetUpStep, template

REGISTERED_WITHIN = 600.0
VAULTS = "microsoft.keyvault/vaults"
SUBSCRIPTION, ROLES = "subscription", "roles"  # deployments to the subscription; all others are to the group
WORKSPACE, COMPUTE, REGISTRY, ACCESS = "workspace", "compute", "registry", "access"


@dataclass
class Account:
    """What is set up in the subscription."""

    spec: CloudSpec
    workspace: Workspace
    prefixes: tuple[str, ...]
    _found: dict[str, arm.Deployment | None] = field(default_factory=dict)
    _others: "list[Elsewhere]" = field(default_factory=list)

    def steps(self) -> list[SetUpStep]:
        """In the order in which they are needed."""
        spec = self.spec
        found = [
            self._registration(),
            self._grouping(),
            self._deployment(f"workspace {spec.workspace}", WORKSPACE, WORKSPACE, self._of_workspace),
        ]
        if not spec.built_in_roles:
            found.append(self._deployment("roles", ROLES, ROLES, lambda: cloud.role_parameters(spec)))
        for name in spec.environments:
            wanted = partial(self._of_environment, name)
            found.append(self._deployment(f"identity of {name}", "environment", name, wanted))
        if cluster := spec.cluster:
            wanted = partial(cloud.compute_parameters, spec, cluster)
            found.append(self._deployment(f"cluster {cluster.name}", COMPUTE, COMPUTE, wanted))
        if spec.registry:
            found.append(self._deployment(f"registry {spec.registry}", REGISTRY, REGISTRY, self._of_registry))
        found.append(self._deployment("reading the subscription", SUBSCRIPTION, SUBSCRIPTION, self._of_all))
        return [*found, *(step for one in self.others() for step in one.steps())]

    def others(self) -> "list[Elsewhere]":
        """The other workspaces, each set up with the identities of this one."""
        if not self._others:
            for place in self.spec.others:
                there = self.workspace.at(place)
                self._others.append(Elsewhere(cloud.elsewhere(self.spec, place), there, self.prefixes, home=self))
        return self._others

    @property
    def deployments(self) -> tuple[str, ...]:
        """What may have been deployed, last first."""
        return SUBSCRIPTION, REGISTRY, COMPUTE, *reversed(self.spec.environments), ROLES, WORKSPACE

    def client(self, environment: str) -> str:
        """The application that an environment's jobs sign in as; empty where it was not made yet."""
        found = self.deployment(environment)
        return arm.outputs(found).get("clientId", "") if found else ""

    def deployment(self, what: str) -> arm.Deployment | None:
        """A deployment as it stands; read once until it is done again."""
        if what not in self._found:
            place, name = self.place(what), cloud.deployment_name(self.suffix(what))
            missing = place == self.spec.group_id and arm.group(self.workspace, place) is None
            self._found[what] = None if missing else arm.deployment(self.workspace, place, name)
        return self._found[what]

    def place(self, what: str) -> str:
        """Where it is deployed to."""
        return f"/subscriptions/{self.spec.subscription}" if what in (SUBSCRIPTION, ROLES) else self.spec.group_id

    def suffix(self, what: str) -> str:
        """What tells it from those of another set-up in the same place."""
        return f"{self.spec.workspace}-{what}"

    def _deployment(self, what: str, file: str, of: str, parameters: Callable[[], dict[str, Any]]) -> SetUpStep:
        def look() -> SetUpState:
            found = self.deployment(of)
            if found is None and self._of_others(of):
                return SetUpState.THERE
            if found is None or not arm.succeeded(found) or self._lost(found, file):
                return SetUpState.MISSING
            wanted = cloud.fingerprint(template(file), parameters())
            return SetUpState.THERE if (found.get("tags") or {}).get(TEMPLATE_TAG) == wanted else SetUpState.DIFFERS

        def do() -> None:
            given, place, name = parameters(), self.place(of), cloud.deployment_name(self.suffix(of))
            tags = {**self.spec.tags, TEMPLATE_TAG: cloud.fingerprint(template(file), given)}
            if of == WORKSPACE and self._has_vault():
                given["vaultThere"] = True
            arm.deploy(self.workspace, place, name, template(file), given, tags, self.spec.location)
            self._found.pop(of, None)

        scope = f"sub create --location {self.spec.location}"
        if of not in (SUBSCRIPTION, ROLES):
            scope = f"group create --resource-group {self.spec.group}"
        head = f"az deployment {scope} --name {cloud.deployment_name(self.suffix(of))}"
        command = f"{head} --template-file infra/{file}.json --parameters {_parameters(parameters())}"
        return SetUpStep(Service.AZURE, what, look, do, (command,), partial(self._predicted, file, of, parameters))

    def _predicted(self, file: str, of: str, parameters: Callable[[], dict[str, Any]]) -> tuple[str, ...]:
        """What ARM says that a deployment would change; it must not stop a set-up where ARM cannot tell."""
        place, given = self.place(of), parameters()
        if place == self.spec.group_id and arm.group(self.workspace, place) is None:
            return ("all of it is new, as its resource group is",)
        if not all(map(_is_known, given.values())) or given.get("role") == "":
            return ("known when what stands before it is made",)
        name = cloud.deployment_name(self.suffix(of))
        try:
            found = arm.what_if(self.workspace, place, name, template(file), given, self.spec.location)
        except MlopsError as error:
            return (f"what it changes is not known: {error.problems[0].what}",)
        return tuple(line for one in found for line in _told(one))

    def _of_others(self, of: str) -> bool:
        """Whether the workspace was there before; it stays as it is, and so does what it stands on.

        Raises BadInput for an identity of that name, which would not be ours to change.
        """
        kinds = {"workspace": f"Microsoft.MachineLearningServices/workspaces/{self.spec.workspace}"}
        if of in self.spec.environments:
            kinds[of] = f"Microsoft.ManagedIdentity/userAssignedIdentities/{self.spec.identity(of)}"
        if of not in kinds or arm.group(self.workspace, self.spec.group_id) is None:
            return False
        id = f"{self.spec.group_id}/providers/{kinds[of]}"
        tags = arm.held_by(self.workspace, self.spec.group_id).get(id.lower())
        if tags is None or tags.get(MADE_BY_TAG) == cloud.MADE_BY:
            return False
        if of == "workspace":
            return True
        fix = "name another --workspace, or delete the identity if nothing uses it"
        what = f"the identity {self.spec.identity(of)} was not made by `mlops init cloud`"
        raise BadInput(Problem(what, id, fix=fix))

    def _has_vault(self) -> bool:
        """Whether an earlier deployment made the key vault, which holds by now who may read it."""
        found, there = self.deployment(WORKSPACE), arm.held_by(self.workspace, self.spec.group_id)
        vaults = [id for id in arm.made(found) if arm.type_of(id) == VAULTS] if found else []
        return any(id.lower() in there for id in vaults)

    def _lost(self, found: arm.Deployment, file: str) -> bool:
        """Whether something that a deployment made is gone. A list says it of the group's resources, not of parts."""
        start, versions = f"{self.spec.group_id}/providers/".lower(), arm.api_versions(template(file))
        made = arm.made(found)
        whole = [id for id in made if id.lower().startswith(start) and id.count("/") == start.count("/") + 2]
        if whole and {id.lower() for id in whole} - set(arm.held_by(self.workspace, self.spec.group_id)):
            return True
        return bool(arm.gone(self.workspace, {id: versions[arm.type_of(id)] for id in made if id not in whole}))

    def _of_workspace(self) -> dict[str, Any]:
        return cloud.workspace_parameters(self.spec)

    def _of_environment(self, name: str) -> dict[str, Any]:
        return cloud.environment_parameters(self.spec, name, cloud.subjects(self.prefixes, name), self.own_roles())

    def own_roles(self) -> dict[str, str]:
        """The ids of our roles by their kind; nothing before they are made."""
        found = None if self.spec.built_in_roles else self.deployment(ROLES)
        return arm.outputs(found) if found else {}

    def principals(self) -> dict[str, str]:
        """The identity of each environment that was made, as an object of the directory."""
        found = {name: self.deployment(name) for name in self.spec.environments}
        return {name: arm.outputs(one).get("principalId", "") for name, one in found.items() if one}

    def _of_registry(self) -> dict[str, Any]:
        return cloud.registry_parameters(self.spec, tuple(self.principals().values()))

    def _of_all(self) -> dict[str, Any]:
        principals = tuple(self.principals().values())
        before = self.deployment("subscription")
        begun = arm.parameter(before, "budgetStart") if before else ""  # a budget cannot begin anew
        spec = replace(self.spec, budget_start=begun or self.spec.budget_start)
        return cloud.subscription_parameters(spec, principals, self.own_roles())

    def _registration(self) -> SetUpStep:
        commands = tuple(f"az provider register --wait --namespace {name}" for name in self.spec.providers)
        return SetUpStep(Service.AZURE, "resource providers", self._providers, self._register, commands)

    def _grouping(self) -> SetUpStep:
        spec = self.spec
        makes = f"az group create --name {spec.group} --location {spec.location} --tags {_tags(spec.tags)}"
        return SetUpStep(Service.AZURE, f"resource group {spec.group}", self._group, self._make_group, (makes,))

    def _providers(self) -> SetUpState:
        lacks = arm.unregistered(self.workspace, self.spec.subscription, self.spec.providers)
        return SetUpState.MISSING if lacks else SetUpState.THERE

    def _register(self) -> None:
        def look() -> list[str]:
            return arm.unregistered(self.workspace, self.spec.subscription, self.spec.providers)

        for name in look():
            arm.register(self.workspace, self.spec.subscription, name)
        left = poll.until(look, lambda one: not one, poll.Pauses(2, 1.5, 20), clock.monotonic() + REGISTERED_WITHIN)
        if left:
            fix = "run the same command again; it goes on from here"
            raise RemoteFailed(Problem(f"not registered after {REGISTERED_WITHIN:.0f} s: {', '.join(left)}", fix=fix))

    def _group(self) -> SetUpState:
        found = arm.group(self.workspace, self.spec.group_id)
        return SetUpState.THERE if found else SetUpState.MISSING

    def _make_group(self) -> None:
        arm.make_group(self.workspace, self.spec.group_id, self.spec.location, self.spec.tags)


@dataclass
class Elsewhere(Account):
    """Another workspace, perhaps of another subscription, in which the identities of `home` work, too."""

    home: Account = field(kw_only=True)

    def steps(self) -> list[SetUpStep]:
        """In the order in which they are needed."""
        spec, name = self.spec, self.spec.workspace
        found: list[SetUpStep] = []
        if self._abroad:
            found.append(self._registration())
        if spec.group_id != self.home.spec.group_id:
            found.append(self._grouping())
        found.append(self._deployment(f"workspace {name}", WORKSPACE, WORKSPACE, self._of_workspace))
        if self._abroad and not spec.built_in_roles:
            wanted = partial(cloud.role_parameters, spec)
            found.append(self._deployment(f"roles in {spec.subscription}", ROLES, ROLES, wanted))
        found.append(self._deployment(f"roles on {name}", ACCESS, ACCESS, self._of_access))
        if self._abroad:
            what = f"reading the subscription {spec.subscription}"
            found.append(self._deployment(what, SUBSCRIPTION, SUBSCRIPTION, self._of_all))
        return found

    @property
    def deployments(self) -> tuple[str, ...]:
        """What may have been deployed, last first."""
        return SUBSCRIPTION, ACCESS, ROLES, WORKSPACE

    def principals(self) -> dict[str, str]:
        """Those of home."""
        return self.home.principals()

    def own_roles(self) -> dict[str, str]:
        """A role is of one subscription."""
        return super().own_roles() if self._abroad else self.home.own_roles()

    @property
    def _abroad(self) -> bool:
        return self.spec.subscription != self.home.spec.subscription

    def _of_access(self) -> dict[str, Any]:
        return cloud.access_parameters(self.spec, self.principals(), self.own_roles())


def _is_known(value: object) -> bool:
    """Whether a list has no hole for what is made before it."""
    rows = value if isinstance(value, list) else []
    return not any("" in (one.values() if isinstance(one, dict) else (one,)) for one in rows)


def _told(one: arm.Predicted) -> Iterator[str]:
    """A change for people, with the properties that differ; nothing of what stays."""
    sign = {"Create": "+", "Modify": "~", "Delete": "-", "Deploy": "~", "Unsupported": "?"}.get(one.change)
    if sign:
        yield f"{sign} {arm.type_of(one.id)} {one.id.rpartition('/')[2]}"
        yield from (f"    {path}: {before} -> {after}" for path, before, after in one.properties)


def _tags(tags: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in tags.items())


def _parameters(given: Mapping[str, Any]) -> str:
    texts = (value if isinstance(value, str) else json.dumps(value) for value in given.values())
    return " ".join(shlex.quote(f"{name}={text}") for name, text in zip(given, texts, strict=True))
