"""Settings on GitHub that a release needs, read from an imitation of its REST interface."""

from collections.abc import Iterator
from typing import Any

import pytest

from mlops.flow.outcome import Outcome
from mlops.flow.release import github_settings
from mlops.flow.release.checkup import CheckStatus, DoctorResult
from mlops.github_api import GitHub
from mlops.params import load
from tests.project import PARAMS_FILE
from tests.unit.github_imitation import GitHubImitation, serve

PARAMS = load(PARAMS_FILE)
MAIN = {"protected_branches": False, "custom_branch_policies": True}
REVIEWED = {"type": "required_reviewers", "reviewers": [{"type": "User"}]}


def environment(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "protection_rules": list(rules), "deployment_branch_policy": MAIN}


@pytest.fixture
def github() -> Iterator[GitHubImitation]:
    """A repository that is set up, with polls off because nothing is open."""
    states = dict.fromkeys(("train.yml", "resume.yml", "cleanup.yml"), "active") | {"poll.yml": "disabled_manually"}
    made = GitHubImitation(workflows=states)
    made.environments = [environment("training"), environment("staging"), environment("production", REVIEWED)]
    made.variables = {name: set(github_settings.IDENTIFIERS) for name in ("", "training", "staging", "production")}
    with serve(made):
        yield made


def looked(github: GitHubImitation) -> Outcome[DoctorResult]:
    return github_settings.run(GitHub.of_repository(github.environment()), PARAMS)


def told(found: Outcome[DoctorResult]) -> str:
    """What is wrong, each with the check that found it and what mends it."""
    wrong = [one for one in found.result.checks if one.health in (CheckStatus.PROBLEM, CheckStatus.WARNING)]
    return "\n".join(f"{one.name}: {one.finding} -> {one.fix}" for one in wrong)


def test_what_is_set_up_is_right(github: GitHubImitation) -> None:
    found = looked(github)
    assert told(found) == ""
    assert {check.health for check in found.result.checks} == {CheckStatus.OK}


def test_production_without_reviewers_is_noticed(github: GitHubImitation) -> None:
    github.environments[2]["protection_rules"] = []
    assert "approval is github, and nobody is asked" in told(looked(github))


def test_an_environment_that_github_would_make_unprotected_is_noticed(github: GitHubImitation) -> None:
    del github.environments[1]
    github.environments[0]["deployment_branch_policy"] = None
    said = told(looked(github))
    assert "environment staging: missing" in said
    assert "environment training: any branch may deploy to it" in said


@pytest.mark.parametrize("state", ["disabled_fork", "disabled_inactivity", "disabled_manually"])
def test_a_schedule_that_is_off_is_noticed(github: GitHubImitation, state: str) -> None:
    github.workflows["resume.yml"] = state
    said = told(looked(github))
    assert f"resume is {state}" in said
    assert "gh workflow enable resume.yml" in said


def test_variables_and_permissions_are_noticed(github: GitHubImitation) -> None:
    github.variables["production"].discard("AZURE_CLIENT_ID")
    github.variables[""] = set()
    github.permissions = "write"
    said = told(looked(github))
    assert "variables of production: missing: AZURE_CLIENT_ID" in said
    assert "train, resume and cleanup never start by themselves" in said
    assert "a workflow that asks for nothing gets write" in said


def test_what_the_token_of_a_job_may_not_read_is_not_checked(github: GitHubImitation) -> None:
    github.refuse = {"/variables": 403, "/actions/permissions": 403}
    found = looked(github)
    assert found.failure is None
    unread = [check.name for check in found.result.checks if check.health is CheckStatus.NOT_CHECKED]
    assert len(unread) == 6
    assert "default permissions" in unread


def test_a_subject_of_another_form_and_a_plan_without_reviewers_are_noticed(github: GitHubImitation) -> None:
    github.private = True
    assert told(looked(github)) == ""
    github.subject = {"use_default": False, "include_claim_keys": ["repo", "ref"]}
    github.environments[2]["protection_rules"] = []
    said = told(looked(github))
    assert "subject of tokens: it is made of repo, ref" in said
    assert "reviewers: private, and production is asked for by nobody" in said
    assert "environments.production.approval to command" in said


def test_a_cloud_is_named_to_all_jobs_or_to_none(github: GitHubImitation) -> None:
    github.variables["training"].add("AZURE_CLOUD")
    said = told(looked(github))
    assert said.startswith("variable AZURE_CLOUD: set in training, and not in staging, production")
    assert "gh variable set AZURE_CLOUD --env production" in said
    for names in (("staging", "production"), ("",)):
        for name in names:
            github.variables[name].add("AZURE_CLOUD")
        assert told(looked(github)) == ""
