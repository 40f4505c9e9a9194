"""What `mlops init cloud` sets up in a repository on GitHub: environments, their protection, variables."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlops import jsons
from mlops.domain.repository import cloud
from mlops.domain.repository.cloud import CloudSpec
from mlops.flow.repository.cloud_steps import Service, SetUpState, SetUpStep
from mlops.github_setup import RepositorySettings


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
