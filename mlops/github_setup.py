"""Changes a repository's settings on GitHub: environments, variables, what workflows may do by default.

It must not decide what they should be. Source: GitHub's REST reference, API version 2022-11-28.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from mlops.errors import GithubNotFound
from mlops.github_api import PAGE, GitHub


class RepositorySettings(GitHub):
    """The same repository, for somebody who may administer it."""

    def about(self) -> dict[str, Any]:
        """The repository: its number, its owner, whether it is private."""
        found: dict[str, Any] = self._call("GET", self._root)[0]
        return found

    def subject_prefix(self) -> str:
        """What the subject of its OIDC tokens begins with, as GitHub states it; empty where it states none."""
        try:
            found = self._call("GET", f"{self._root}/actions/oidc/customization/sub")[0]
        except GithubNotFound:
            return ""
        return str(found.get("sub_claim_prefix") or "")

    def reviewer(self, name: str) -> dict[str, Any]:
        """A person by login, or a team as ORGANIZATION/TEAM, as an environment names its reviewers."""
        api = self._root.partition("/repos/")[0]
        owner, slash, team = name.partition("/")
        url = f"{api}/orgs/{quote(owner)}/teams/{quote(team)}" if slash else f"{api}/users/{quote(name)}"
        return {"type": "Team" if slash else "User", "id": self._call("GET", url)[0]["id"]}

    def protect(self, environment: str, reviewers: Sequence[Mapping[str, Any]], branch: str) -> None:
        """Make an environment, or add to one, so that only a branch may deploy to it, after a review by these.

        GitHub replaces the whole protection, so what it has of reviewers, of a pause and of chosen branches is said
        again.
        """
        found = self.environment(environment) or {}
        rules = {rule["type"]: rule for rule in found.get("protection_rules") or []}
        review = rules.get("required_reviewers", {})
        kept = [{"type": one["type"], "id": one["reviewer"]["id"]} for one in review.get("reviewers") or []]
        policy = found.get("deployment_branch_policy")
        body = {
            "wait_timer": rules.get("wait_timer", {}).get("wait_timer", 0),
            "prevent_self_review": bool(review.get("prevent_self_review")),
            "reviewers": [*kept, *(one for one in reviewers if one not in kept)] or None,
            "deployment_branch_policy": policy or {"protected_branches": False, "custom_branch_policies": True},
        }
        self._call("PUT", self._environment(environment), body)
        if not (policy or {}).get("protected_branches") and branch not in self.branches(environment):
            self._call("POST", f"{self._environment(environment)}/deployment-branch-policies", {"name": branch})

    def branches(self, environment: str) -> list[str]:
        """The branches that may deploy to an environment."""
        url = f"{self._environment(environment)}/deployment-branch-policies?per_page={PAGE}"
        return [str(one["name"]) for one in self._pages(url, "branch_policies")]

    def remove_environment(self, environment: str) -> None:
        """Delete an environment with its variables."""
        self._call("DELETE", self._environment(environment))

    def values(self, environment: str = "") -> dict[str, str]:
        """The variables of the repository or of an environment, with their values."""
        found = self._pages(f"{self._variables(environment)}?per_page={PAGE}", "variables")
        return {str(one["name"]): str(one["value"]) for one in found}

    def set_variable(self, name: str, value: str, environment: str = "", *, there: bool) -> None:
        """Make a variable, or change it where it is `there`."""
        body, url = {"name": name, "value": value}, self._variables(environment)
        if there:
            self._call("PATCH", f"{url}/{name}", body)
        else:
            self._call("POST", url, body)

    def remove_variable(self, name: str, environment: str = "") -> None:
        """Delete a variable."""
        self._call("DELETE", f"{self._variables(environment)}/{name}")

    def read_by_default(self) -> None:
        """Let the token of a workflow that asks for nothing only read."""
        body = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
        self._call("PUT", f"{self._root}/actions/permissions/workflow", body)

    def _environment(self, name: str) -> str:
        return f"{self._root}/environments/{quote(name, safe='')}"

    def _variables(self, environment: str) -> str:
        return f"{self._environment(environment) if environment else self._root + '/actions'}/variables"
