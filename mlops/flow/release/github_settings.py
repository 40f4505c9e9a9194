"""What a release needs of the repository's settings on GitHub, read with the least permission; changes nothing.

GitHub makes an environment that a job names first, and leaves it unprotected, so nothing of this shows by itself. What
the token may not read is said to be not checked.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from mlops import clouds
from mlops.errors import BadInput, GithubRefused, Problem
from mlops.flow.outcome import Outcome
from mlops.flow.release import schedules
from mlops.flow.release.checkup import CheckArea, DoctorLook, DoctorResult, NotLookedAt, Warned, outcome
from mlops.github_api import GitHub
from mlops.params import Params

TRAINING = "training"
MAIN, WORKSPACE = "main", "AZURE_ML_WORKSPACE"
IDENTIFIERS = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", WORKSPACE)
WHERE = "the repository's settings"
See = Callable[[], str]
Variables = Callable[[str], set[str]]


def run(github: GitHub, params: Params) -> Outcome[DoctorResult]:
    """Every check, whatever the others found."""
    return outcome(DoctorLook(CheckArea.GITHUB, name, _read(see)) for name, see in _looks(github, params))


def _read(see: See) -> See:
    """The same, where what the token may not read is not known."""

    def look() -> str:
        try:
            return see()
        except GithubRefused as error:
            raise NotLookedAt(error.problems[0].what) from None

    return look


def _wrong(what: str, fix: str) -> BadInput:
    """A setting that is not as a release needs it."""
    return BadInput(Problem(what, WHERE, fix=fix))


def _looks(github: GitHub, params: Params) -> list[tuple[str, See]]:
    variables = cache(github.variables)  # names of the repository's, or of an environment's: each read once
    found: list[tuple[str, See]] = [
        ("workflows", partial(_workflows, github)),
        ("default permissions", partial(_permissions, github)),
        ("subject of tokens", partial(_subject, github)),
        ("reviewers", partial(_plan, github, params)),
        (f"variable {WORKSPACE} of the repository", partial(_variable, variables)),
    ]
    approvals: dict[str, str] = {TRAINING: "none"}
    approvals |= {name: stated.approval for name, stated in params.environments.items()}
    for name, approval in approvals.items():
        found.append((f"environment {name}", partial(_environment, github, name, approval)))
        found.append((f"variables of {name}", partial(_identifiers, variables, name)))
    found.append((f"variable {clouds.VARIABLE}", partial(_cloud, variables, tuple(approvals))))
    return found


def _workflows(github: GitHub) -> str:
    states = schedules.states(github)
    off = {name: state for name, state in states.items() if state != schedules.ACTIVE and name != schedules.POLL}
    off |= {name: schedules.MISSING for name in schedules.UNATTENDED if name not in states}
    if off:
        fix = "; ".join(schedules.WorkflowOff(name, state).fix for name, state in off.items())
        raise _wrong(", ".join(f"{name} is {state}" for name, state in off.items()), fix)
    return f"{len(states)} are there; poll: {states.get(schedules.POLL, schedules.MISSING)}"


def _permissions(github: GitHub) -> str:
    if (found := str(github.default_permissions().get("default_workflow_permissions"))) != "read":
        raise _wrong(f"a workflow that asks for nothing gets {found}", "Settings, Actions, General: read permissions")
    return "a workflow that asks for nothing may read"


def _subject(github: GitHub) -> str:
    """Federated credentials are written for the usual form, which ends with the environment."""
    found = github.subject()
    keys = [str(key) for key in found.get("include_claim_keys") or []]
    if not found.get("use_default", True) and (not keys or keys[-1] not in ("context", "environment")):
        what = f"it is made of {', '.join(keys) or 'nothing that GitHub names'}, so no environment is told from another"
        path = "repos/{owner}/{repo}/actions/oidc/customization/sub"
        raise _wrong(what, f"gh api --method PUT {path} -F use_default=true")
    return (
        str(found.get("sub_claim_prefix") or ("of another form" if keys else "repo:OWNER/REPO")) + ":environment:NAME"
    )


def _plan(github: GitHub, params: Params) -> str:
    """Required reviewers of a private repository need GitHub Enterprise; no interface says which plan it has."""
    asking = [name for name, stated in params.environments.items() if stated.approval == "github"]
    if not github.about().get("private") or not asking:
        return "every plan has them for a public repository" if asking else "no environment asks for them"
    if all(_reviewers(github.environment(name) or {}) for name in asking):
        return "the plan of this private repository has them"
    what = f"private, and {', '.join(asking)} is asked for by nobody: without GitHub Enterprise there are none"
    raise Warned(Problem(what, WHERE, fix=f"set environments.{asking[0]}.approval to command in params.yaml"))


def _variable(variables: Variables) -> str:
    if WORKSPACE not in variables(""):
        raise _wrong("missing; train, resume and cleanup never start by themselves", f"gh variable set {WORKSPACE}")
    return "set"


def _environment(github: GitHub, name: str, approval: str) -> str:
    found = github.environment(name)
    if found is None:
        raise _wrong("missing; GitHub makes it unprotected when a job names it first", "docs/azure-setup.md")
    if found.get("deployment_branch_policy") is None:
        raise _wrong("any branch may deploy to it, and so sign in", f"let only {MAIN} deploy to it")
    reviewers = _reviewers(found)
    if approval == "github" and not reviewers:
        fix = f"add required reviewers (private repositories: GitHub Enterprise), or set environments.{name}.approval"
        raise _wrong(f"approval is github, and nobody is asked: a model goes to {name} by itself", fix)
    return f"{reviewers} reviewers" if reviewers else f"approval: {approval}"


def _reviewers(environment: Mapping[str, Any]) -> int:
    rules = environment.get("protection_rules") or []
    return sum(len(rule.get("reviewers") or []) for rule in rules if rule.get("type") == "required_reviewers")


def _identifiers(variables: Variables, name: str) -> str:
    lacks = [variable for variable in IDENTIFIERS if variable not in variables(name)]
    if lacks:
        raise _wrong(f"missing: {', '.join(lacks)}", "; ".join(f"gh variable set {one} --env {name}" for one in lacks))
    return "all five are set"


def _cloud(variables: Variables, environments: tuple[str, ...]) -> str:
    """Which cloud it is, is said to all jobs or to none: an identity, and so a repository, is in one."""
    if clouds.VARIABLE in variables(""):
        return "set for the repository"
    has = [name for name in environments if clouds.VARIABLE in variables(name)]
    lacks = [name for name in environments if name not in has]
    if has and lacks:
        fix = "; ".join(f"gh variable set {clouds.VARIABLE} --env {name}" for name in lacks)
        raise _wrong(f"set in {', '.join(has)}, and not in {', '.join(lacks)}, whose jobs sign in elsewhere", fix)
    return "set in each environment" if has else f"not set: {clouds.PUBLIC.name}"
