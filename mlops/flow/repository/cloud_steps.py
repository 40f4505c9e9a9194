"""What `mlops init cloud` is made of: steps that look whether they are needed, do it, and say the command for it."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, partial
from typing import Any

from mlops import clock, jsons, product
from mlops.azure import arm
from mlops.azure.workspace import Workspace
from mlops.domain.repository import cloud
from mlops.domain.repository.cloud import CloudSpec
from mlops.domain.tags import MADE_BY_TAG, TEMPLATE_TAG
from mlops.errors import BadInput, Problem, RemoteFailed
from mlops.flow import poll
from mlops.github_setup import RepositorySettings

REGISTERED_WITHIN = 600.0


class Service(StrEnum):
    """Whose interface a step uses."""

    AZURE = "Azure"
    GITHUB = "GitHub"


class SetUpState(StrEnum):
    """How what a step makes stands."""

    MISSING = "missing"
    DIFFERS = "differs"
    THERE = "there"


@dataclass(frozen=True)
class SetUpStep:
    """One thing to set up. `look` reads, `do` changes, `commands` are what a person could type instead."""

    service: Service
    what: str
    look: Callable[[], SetUpState]
    do: Callable[[], None]
    commands: tuple[str, ...]


@cache
def template(name: str) -> dict[str, Any]:
    """A template of `infra`."""
    found: dict[str, Any] = jsons.read((product.ROOT / "infra" / f"{name}.json").read_text(encoding="utf-8"))
    return found


@dataclass
class Account:
    """What is set up in the subscription."""

    spec: CloudSpec
    workspace: Workspace
    prefixes: tuple[str, ...]
    _found: dict[str, arm.Deployment | None] = field(default_factory=dict)

    def steps(self) -> list[SetUpStep]:
        """In the order in which they are needed."""
        spec = self.spec
        registers = tuple(f"az provider register --wait --namespace {name}" for name in cloud.PROVIDERS)
        makes = f"az group create --name {spec.group} --location {spec.location} --tags {_tags(spec.tags)}"
        found = [
            SetUpStep(Service.AZURE, "resource providers", self._providers, self._register, registers),
            SetUpStep(Service.AZURE, f"resource group {spec.group}", self._group, self._make_group, (makes,)),
            self._deployment(f"workspace {spec.workspace}", "workspace", "workspace", self._of_workspace),
        ]
        for name in spec.environments:
            wanted = partial(self._of_environment, name)
            found.append(self._deployment(f"identity of {name}", "environment", name, wanted))
        return [*found, self._deployment("reading the subscription", "subscription", "subscription", self._of_all)]

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
        return f"/subscriptions/{self.spec.subscription}" if what == "subscription" else self.spec.group_id

    def suffix(self, what: str) -> str:
        """What tells it from those of another set-up in the same place."""
        return f"{self.spec.workspace}-{what}"

    def _deployment(self, what: str, file: str, of: str, parameters: Callable[[], dict[str, Any]]) -> SetUpStep:
        def look() -> SetUpState:
            found = self.deployment(of)
            if found is None and self._of_others(of):
                return SetUpState.THERE
            if found is None or not arm.succeeded(found) or self._lost(found):
                return SetUpState.MISSING
            wanted = cloud.fingerprint(template(file), parameters())
            return SetUpState.THERE if (found.get("tags") or {}).get(TEMPLATE_TAG) == wanted else SetUpState.DIFFERS

        def do() -> None:
            given, place, name = parameters(), self.place(of), cloud.deployment_name(self.suffix(of))
            tags = {**self.spec.tags, TEMPLATE_TAG: cloud.fingerprint(template(file), given)}
            arm.deploy(self.workspace, place, name, template(file), given, tags, self.spec.location)
            self._found.pop(of, None)

        scope = f"sub create --location {self.spec.location}"
        if of != "subscription":
            scope = f"group create --resource-group {self.spec.group}"
        head = f"az deployment {scope} --name {cloud.deployment_name(self.suffix(of))}"
        command = f"{head} --template-file infra/{file}.json --parameters {_parameters(parameters())}"
        return SetUpStep(Service.AZURE, what, look, do, (command,))

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

    def _lost(self, found: arm.Deployment) -> bool:
        """Whether a resource of the group that a deployment made is gone."""
        start = f"{self.spec.group_id}/providers/".lower()
        made = [id.lower() for id in arm.made(found)]
        first = {id for id in made if id.startswith(start) and id.count("/") == start.count("/") + 2}
        return bool(first - set(arm.held_by(self.workspace, self.spec.group_id)))

    def _of_workspace(self) -> dict[str, Any]:
        return cloud.workspace_parameters(self.spec)

    def _of_environment(self, name: str) -> dict[str, Any]:
        return cloud.environment_parameters(self.spec, name, cloud.subjects(self.prefixes, name))

    def _of_all(self) -> dict[str, Any]:
        found = [self.deployment(name) for name in self.spec.environments]
        principals = tuple(arm.outputs(one).get("principalId", "") for one in found if one)
        before = self.deployment("subscription")
        begun = arm.parameter(before, "budgetStart") if before else ""  # a budget cannot begin anew
        spec = replace(self.spec, budget_start=begun or self.spec.budget_start)
        return cloud.subscription_parameters(spec, principals)

    def _providers(self) -> SetUpState:
        lacks = arm.unregistered(self.workspace, self.spec.subscription, cloud.PROVIDERS)
        return SetUpState.MISSING if lacks else SetUpState.THERE

    def _register(self) -> None:
        def look() -> list[str]:
            return arm.unregistered(self.workspace, self.spec.subscription, cloud.PROVIDERS)

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


def _tags(tags: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in tags.items())


def _parameters(given: Mapping[str, Any]) -> str:
    texts = (value if isinstance(value, str) else json.dumps(value) for value in given.values())
    return " ".join(shlex.quote(f"{name}={text}") for name, text in zip(given, texts, strict=True))


@dataclass
class Settings:
    """What is set up in the repository on GitHub. What is made is noted in a variable of it, for `--undo`."""

    spec: CloudSpec
    github: RepositorySettings
    client: Callable[[str], str]

    def steps(self) -> list[SetUpStep]:
        """In the order in which they are needed."""
        spec, where = self.spec, f"--repo {self.spec.repository}"
        api = f"gh api --method PUT repos/{spec.repository}"
        reads = f"{api}/actions/permissions/workflow -f default_workflow_permissions=read"
        found = [
            SetUpStep(Service.GITHUB, "default permissions", self._permissions, self.github.read_by_default, (reads,))
        ]
        for name in spec.environments:
            protects = _protection(api, name, spec)
            look, do = partial(self._environment, name), partial(self._protect, name)
            found.append(SetUpStep(Service.GITHUB, f"environment {name}", look, do, protects))
            sets = tuple(
                f"gh variable set {variable} {where} --env {name} --body {value or 'CLIENT_ID'}"
                for variable, value in spec.variables(self.client(name)).items()
            )
            look, do = partial(self._variables, name), partial(self._set, name)
            found.append(SetUpStep(Service.GITHUB, f"variables of {name}", look, do, sets))
        sets = (f"gh variable set {cloud.WORKSPACE_VARIABLE} {where} --body {spec.workspace}",)
        look, do = partial(self._variables, ""), partial(self._set, "")
        return [*found, SetUpStep(Service.GITHUB, "variable of the repository", look, do, sets)]

    def made(self) -> list[str]:
        """What this program made there: environments, and variables as ENVIRONMENT/NAME."""
        return list(jsons.read(self.github.values().get(cloud.MADE_VARIABLE) or "[]"))

    def _note(self, *made: str) -> None:
        values = self.github.values()
        known = list(jsons.read(values.get(cloud.MADE_VARIABLE) or "[]"))
        text = json.dumps(list(dict.fromkeys([*known, *made])))
        self.github.set_variable(cloud.MADE_VARIABLE, text, there=cloud.MADE_VARIABLE in values)

    def _permissions(self) -> SetUpState:
        found = self.github.default_permissions().get("default_workflow_permissions")
        return SetUpState.THERE if found == "read" else SetUpState.DIFFERS

    def _reviewers(self, name: str) -> list[dict[str, Any]]:
        wanted = self.spec.reviewers if name in self.spec.approved else ()
        return [self.github.reviewer(one) for one in wanted]

    def _environment(self, name: str) -> SetUpState:
        found = self.github.environment(name)
        if found is None:
            return SetUpState.MISSING
        rules = [one for one in found.get("protection_rules") or [] if one.get("type") == "required_reviewers"]
        ids = {one["reviewer"]["id"] for rule in rules for one in rule.get("reviewers") or []}
        policy = found.get("deployment_branch_policy") or {}
        chosen = policy.get("custom_branch_policies")
        limited = cloud.MAIN in self.github.branches(name) if chosen else bool(policy.get("protected_branches"))
        reviewed = {one["id"] for one in self._reviewers(name)} <= ids
        return SetUpState.THERE if reviewed and limited else SetUpState.DIFFERS

    def _protect(self, name: str) -> None:
        if self.github.environment(name) is None:
            self._note(name)
        self.github.protect(name, self._reviewers(name), cloud.MAIN)

    def _wanted(self, name: str) -> dict[str, str]:
        spec = self.spec
        return spec.variables(self.client(name)) if name else {cloud.WORKSPACE_VARIABLE: spec.workspace}

    def _variables(self, name: str) -> SetUpState:
        if name and self.github.environment(name) is None:
            return SetUpState.MISSING
        there, wanted = self.github.values(name), self._wanted(name)
        if not set(wanted) <= set(there):
            return SetUpState.MISSING
        return SetUpState.THERE if all(there[key] == wanted[key] for key in wanted) else SetUpState.DIFFERS

    def _set(self, name: str) -> None:
        there, wanted = self.github.values(name), self._wanted(name)
        new = [key for key in wanted if key not in there]
        if new:
            self._note(*(f"{name}/{key}" for key in new))
        for key, value in wanted.items():
            if there.get(key) != value:
                self.github.set_variable(key, value, name, there=key in there)


def _protection(api: str, name: str, spec: CloudSpec) -> tuple[str, ...]:
    body = '{"deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}}'
    policies = f"{api.replace('PUT', 'POST')}/environments/{name}/deployment-branch-policies -f name={cloud.MAIN}"
    lines = [f"echo {shlex.quote(body)} | {api}/environments/{name} --input -", policies]
    if name in spec.approved:
        lines.append(f"# and in the settings of the environment {name}: required reviewers {', '.join(spec.reviewers)}")
    return tuple(lines)
