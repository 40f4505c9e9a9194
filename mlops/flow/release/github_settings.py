"""What a release needs of the repository's settings on GitHub, read with the least permission; changes nothing.

GitHub makes an environment that a job names first, and leaves it unprotected, so nothing of this shows by itself. What
the token may not read is said to be not checked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlops.errors import BadInput, GithubRefused, Problem
from mlops.flow.outcome import Outcome
from mlops.flow.release import schedules
from mlops.flow.release.doctor import CheckStatus, DoctorCheck, DoctorResult
from mlops.github_api import GitHub
from mlops.params import Params

TRAINING = "training"
MAIN, WORKSPACE = "main", "AZURE_ML_WORKSPACE"
IDENTIFIERS = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", WORKSPACE)
WHERE = "the repository's settings"
Look = Callable[[], str]


@dataclass(frozen=True)
class _Wrong(Exception):
    """A setting that is not as a release needs it."""

    what: str
    fix: str


def run(github: GitHub, params: Params) -> Outcome[DoctorResult]:
    """Every check, whatever the others found."""
    checks: list[DoctorCheck] = []
    problems: list[Problem] = []
    for name, look in _looks(github, params):
        try:
            checks.append(DoctorCheck(name, CheckStatus.OK, look()))
        except _Wrong as wrong:
            checks.append(DoctorCheck(name, CheckStatus.FAILED, wrong.what))
            problems.append(Problem(f"{name}: {wrong.what}", WHERE, fix=wrong.fix))
        except GithubRefused as error:
            checks.append(DoctorCheck(name, CheckStatus.NOT_CHECKED, error.problems[0].what))
    return Outcome(DoctorResult(tuple(checks)), BadInput(problems) if problems else None)


def _looks(github: GitHub, params: Params) -> list[tuple[str, Look]]:
    found: list[tuple[str, Look]] = [
        ("workflows", partial(_workflows, github)),
        ("default permissions", partial(_permissions, github)),
        (f"variable {WORKSPACE} of the repository", partial(_variable, github)),
    ]
    approvals: dict[str, str] = {TRAINING: "none"}
    approvals |= {name: stated.approval for name, stated in params.environments.items()}
    for name, approval in approvals.items():
        found.append((f"environment {name}", partial(_environment, github, name, approval)))
        found.append((f"variables of {name}", partial(_identifiers, github, name)))
    return found


def _workflows(github: GitHub) -> str:
    states = schedules.states(github)
    off = {name: state for name, state in states.items() if state != schedules.ACTIVE and name != schedules.POLL}
    off |= {name: schedules.MISSING for name in schedules.UNATTENDED if name not in states}
    if off:
        fix = "; ".join(schedules.WorkflowOff(name, state).fix for name, state in off.items())
        raise _Wrong(", ".join(f"{name} is {state}" for name, state in off.items()), fix)
    return f"{len(states)} are there; poll: {states.get(schedules.POLL, schedules.MISSING)}"


def _permissions(github: GitHub) -> str:
    if (found := str(github.default_permissions().get("default_workflow_permissions"))) != "read":
        raise _Wrong(f"a workflow that asks for nothing gets {found}", "Settings, Actions, General: read permissions")
    return "a workflow that asks for nothing may read"


def _variable(github: GitHub) -> str:
    if WORKSPACE not in github.variables():
        raise _Wrong("missing; train, resume and cleanup never start by themselves", f"gh variable set {WORKSPACE}")
    return "set"


def _environment(github: GitHub, name: str, approval: str) -> str:
    found = github.environment(name)
    if found is None:
        raise _Wrong("missing; GitHub makes it unprotected when a job names it first", "docs/azure-setup.md")
    if found.get("deployment_branch_policy") is None:
        raise _Wrong("any branch may deploy to it, and so sign in", f"let only {MAIN} deploy to it")
    reviewers = _reviewers(found)
    if approval == "github" and not reviewers:
        fix = f"add required reviewers (private repositories: GitHub Enterprise), or set environments.{name}.approval"
        raise _Wrong(f"approval is github, and nobody is asked: a model goes to {name} by itself", fix)
    return f"{reviewers} reviewers" if reviewers else f"approval: {approval}"


def _reviewers(environment: Mapping[str, Any]) -> int:
    rules = environment.get("protection_rules") or []
    return sum(len(rule.get("reviewers") or []) for rule in rules if rule.get("type") == "required_reviewers")


def _identifiers(github: GitHub, name: str) -> str:
    lacks = [variable for variable in IDENTIFIERS if variable not in github.variables(name)]
    if lacks:
        raise _Wrong(f"missing: {', '.join(lacks)}", "; ".join(f"gh variable set {one} --env {name}" for one in lacks))
    return "all five are set"
