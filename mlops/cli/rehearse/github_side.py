"""What GitHub has of a rehearsed repository: its variables, its environments with theirs, and its token service."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from azureml_emulator import process
from mlops import actions, clouds
from mlops.cli.rehearse import roles
from mlops.params import Params

REPOSITORY = "rehearsal/repository"
REF = "refs/heads/main"
WORKSPACE = "AZURE_ML_WORKSPACE"
OIDC_URL = f"{process.GITHUB_TOKENS}/rehearsal/idtoken?api-version=2.0&environment={{environment}}"


@dataclass(frozen=True)
class GithubSide:
    """One repository."""

    repository: str
    variables: Mapping[str, str]
    environments: Mapping[str, Mapping[str, str]]
    of_workflows: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)  # in their place

    def machine(self, event: str, path: str, environment: Mapping[str, str], workflow: str = "") -> actions.RunnerSetup:
        """A runner of it, for the jobs of a run that an event started."""
        claims = json.dumps({"repository": self.repository, "ref": REF, "event_name": event})
        token = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
        return actions.RunnerSetup(
            path=path,
            variables=self.variables,
            environments={**self.environments, **self.of_workflows.get(workflow, {})},
            tokens=actions.TokenService(OIDC_URL, token),
            environment={**environment, "GITHUB_REPOSITORY": self.repository},
        )


def of_rehearsal(params: Params, cloud: str) -> GithubSide:
    """As the set-up guide leaves it: an identity for each environment, and one variable of the repository itself."""
    names = process.workspace()
    all_have = {**names, clouds.VARIABLE: cloud}
    own = {name: {**all_have, "AZURE_CLIENT_ID": roles.client(name)} for name in roles.names(params)}
    cleaning = {roles.TRAINING: {**all_have, "AZURE_CLIENT_ID": roles.client(roles.CLEANUP)}}
    return GithubSide(REPOSITORY, {WORKSPACE: names[WORKSPACE]}, own, {"cleanup": cleaning})
