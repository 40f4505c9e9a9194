"""The default name of an endpoint: whose it is can be read, Azure takes it, and no two get the same."""

import itertools

import pytest

from mlops.domain.environments.endpoint_name import endpoint_name
from mlops.domain.promote.preflight import check_name
from mlops.params.environments import DEFAULT_ENDPOINT

HASH = "0a1b2c"


def default(project: str, environment: str, workspace_hash: str = HASH) -> str:
    return endpoint_name(DEFAULT_ENDPOINT, project=project, environment=environment, workspace_hash=workspace_hash)


@pytest.mark.parametrize(
    ("project", "environment", "name"),
    [
        ("chat", "staging", f"chat-staging-{HASH}"),
        ("help_desk.v2", "production-eu", None),
        ("phi-3-mini-ultrachat", "production", None),
        ("9lives", "dev", f"m-9lives-dev-{HASH}"),
        ("x" * 200, "production-us", None),
    ],
)
def test_it_begins_with_the_project_and_azure_takes_it(project: str, environment: str, name: str | None) -> None:
    found = default(project, environment)
    assert check_name(found, "endpoint", "params.yaml") is None
    assert name in {None, found}
    assert found.startswith(project.replace("_", "-").replace(".", "-")[:2]) or project[0].isdigit()


def test_projects_environments_and_workspaces_never_share_one() -> None:
    projects = ("phi-3-mini-ultrachat", "phi-3-mini-ultrachat-de", "phi-3-mini_ultrachat", "phi.3", "phi-3")
    cases = list(itertools.product(projects, ("staging", "production"), (HASH, "ffffff")))
    assert len({default(*case) for case in cases}) == len(cases)


def test_a_name_of_ones_own_stays_as_it_is() -> None:
    assert endpoint_name("Chat-1", project="x", environment="y", workspace_hash=HASH) == "Chat-1"
