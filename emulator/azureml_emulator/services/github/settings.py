"""A repository's settings on GitHub: environments with their protection, variables, OIDC subject, permissions.

Every repository is there, new and without settings; `control` says which workflows were pushed to it.
Source: GitHub's REST reference, API version 2022-11-28.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from azureml_emulator.core.body_types import stated
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.entra.login import IMMUTABLE, SUBJECT_SETTING, number, repository_in_subject

Handler = Callable[[Request, Emulator], Reply]
ENVIRONMENT, VARIABLE, BRANCH, WORKFLOW, SETTING = (
    f"github{kind}" for kind in ("Environments", "Variables", "Branches", "Workflows", "Settings")
)
_PROTECTION: Json = {
    "deployment_branch_policy": {"": "boolean"},
    "reviewers": [{"id": "whole", "type": "text"}],
}


def signed(handler: Handler) -> Handler:
    """The handler for those who show a token."""

    def asked(request: Request, emulator: Emulator) -> Reply:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "token") or not token:
            return Reply(401, {"message": "Requires authentication", "status": "401"})
        try:
            return handler(request, emulator)
        except ServiceError as error:
            return Reply(error.status, {"message": error.message, "status": str(error.status)})

    asked.__name__, asked.__module__ = handler.__name__, handler.__module__
    return asked


def repository(request: Request, emulator: Emulator) -> Reply:
    """GET the repository."""
    p, name = request.params, _name(request)
    owner = {"login": p["owner"], "id": number(p["owner"]), "type": "Organization"}
    shown = {"id": number(name), "name": p["repo"], "full_name": name, "owner": owner, "default_branch": "main"}
    return Reply(200, {**shown, "private": False, "visibility": "public", "permissions": {"admin": True}})


def user(request: Request, emulator: Emulator) -> Reply:
    """GET a user by name."""
    login = request.params["login"]
    return Reply(200, {"login": login, "id": number(login), "type": "User"})


def team(request: Request, emulator: Emulator) -> Reply:
    """GET a team of an organization."""
    name = f"{request.params['owner']}/{request.params['team']}"
    return Reply(200, {"slug": request.params["team"], "name": request.params["team"], "id": number(name)})


def environments(request: Request, emulator: Emulator) -> Reply:
    """GET all environments."""
    found = [_environment(one) for one in emulator.store.children(_root(request), ENVIRONMENT)]
    return Reply(200, {"total_count": len(found), "environments": found})


def environment(request: Request, emulator: Emulator) -> Reply:
    """GET, PUT or DELETE an environment; PUT replaces its protection."""
    id = f"{_root(request)}/environments/{request.params['environment']}"
    if request.method == "PUT":
        said = _said(
            request, {"deployment_branch_policy": {"": "boolean"}, "reviewers": [{"id": "whole", "type": "text"}]}
        )
        if not all(one.keys() >= {"id", "type"} for one in said.get("reviewers") or []):
            raise ServiceError(422, "Invalid", "Invalid request.\n\nEach reviewer needs its type and id.")
        policy = said.get("deployment_branch_policy")
        if policy and policy.get("protected_branches") == policy.get("custom_branch_policies"):
            raise ServiceError(422, "Invalid", "protected_branches and custom_branch_policies must differ")
        _keep(emulator, id, _root(request), ENVIRONMENT, request.params["environment"], said)
    found = _require(emulator, id)
    if request.method == "DELETE":
        emulator.store.delete(id)
        return Reply(204)
    return Reply(200, _environment(found))


def branches(request: Request, emulator: Emulator) -> Reply:
    """GET the branches that may deploy to an environment, or POST one by its pattern."""
    id = f"{_root(request)}/environments/{request.params['environment']}"
    policy = _require(emulator, id).body.get("deployment_branch_policy") or {}
    if request.method == "GET":
        found = [_branch(one) for one in emulator.store.children(id, BRANCH)]
        return Reply(200, {"total_count": len(found), "branch_policies": found})
    if not policy.get("custom_branch_policies"):
        raise ServiceError(404, "NotFound", "Not Found")
    said = _said(request, {"name": "text"}, "name")
    name = said["name"]
    there = emulator.store.get(f"{id}/branches/{name}")
    made = there or _keep(emulator, f"{id}/branches/{name}", id, BRANCH, name, said)
    return Reply(303 if there else 200, _branch(made))


def variables(request: Request, emulator: Emulator) -> Reply:
    """GET the variables of a repository or an environment, or POST a new one."""
    holder = _variables_of(request, emulator)
    if request.method == "GET":
        found = [_variable(one) for one in emulator.store.children(holder, VARIABLE)]
        return Reply(200, {"total_count": len(found), "variables": found})
    said = _said(request, {"name": "text", "value": "text"}, "name", "value")
    id = f"{holder}/variables/{said['name']}"
    if emulator.store.get(id):
        raise ServiceError(409, "Conflict", "Already exists - Variable already exists")
    _keep(emulator, id, holder, VARIABLE, str(said["name"]).upper(), said)
    return Reply(201, {})


def variable(request: Request, emulator: Emulator) -> Reply:
    """GET, PATCH or DELETE a variable."""
    id = f"{_variables_of(request, emulator)}/variables/{request.params['name']}"
    found = _require(emulator, id)
    if request.method == "PATCH":
        emulator.store.update(id, {**found.body, **request.json()})
        return Reply(204)
    if request.method == "DELETE":
        emulator.store.delete(id)
        return Reply(204)
    return Reply(200, _variable(found))


def subject(request: Request, emulator: Emulator) -> Reply:
    """GET what the subject of its OIDC tokens begins with."""
    name = _name(request)
    immutable = emulator.store.setting(SUBJECT_SETTING, "classic") == IMMUTABLE
    prefix = f"repo:{repository_in_subject(name, {}) if immutable else name}"
    return Reply(200, {"use_default": True, "use_immutable_subject": immutable, "sub_claim_prefix": prefix})


def permissions(request: Request, emulator: Emulator) -> Reply:
    """GET or PUT what the token of a workflow may do that asks for nothing."""
    id = f"{_root(request)}/settings/permissions"
    if request.method == "PUT":
        _keep(emulator, id, _root(request), SETTING, "permissions", request.json())
        return Reply(204)
    found = emulator.store.get(id)
    stated = found.body if found else {}
    default = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
    return Reply(200, {**default, **stated})


def workflows(request: Request, emulator: Emulator) -> Reply:
    """GET the workflows that were pushed; on the control surface PUT their files, as a push would."""
    root = _root(request)
    if request.method == "PUT":
        for file in _said(request, {"files": ["text"]}, "files")["files"]:
            _keep(emulator, f"{root}/workflows/{file}", root, WORKFLOW, str(file), {"state": "active"})
    found = [_workflow(one) for one in emulator.store.children(root, WORKFLOW)]
    return Reply(200, {"total_count": len(found), "workflows": found})


def _name(request: Request) -> str:
    return f"{request.params['owner']}/{request.params['repo']}"


def _said(request: Request, keys: Json, *needed: str) -> Json:
    """The body by its types. Raises the 422 of GitHub for what does not fit, or lacks."""
    try:
        said = stated(request.json(), keys)
    except ServiceError as error:
        if not error.details:
            raise ServiceError(400, "Invalid", "Problems parsing JSON") from error
        raise ServiceError(422, "Invalid", f"Invalid request.\n\n{error.details[0]['message']}") from error
    if lacking := [name for name in needed if said.get(name) is None]:
        raise ServiceError(422, "Invalid", f'Invalid request.\n\n"{lacking[0]}" wasn\'t supplied.')
    return said


def _root(request: Request) -> str:
    return f"github:/repos/{_name(request)}"


def _keep(emulator: Emulator, id: str, parent: str, kind: str, name: str, body: Json) -> Resource:
    return emulator.store.put(id, body, parent=parent, kind=kind, name=name)


def _require(emulator: Emulator, id: str) -> Resource:
    found = emulator.store.get(id)
    if found is None:
        raise ServiceError(404, "NotFound", "Not Found")
    return found


def _variables_of(request: Request, emulator: Emulator) -> str:
    if "environment" not in request.params:
        return _root(request)
    return _require(emulator, f"{_root(request)}/environments/{request.params['environment']}").id


def _environment(found: Resource) -> Json:
    said, rules = found.body, list[Json]()
    if said.get("wait_timer"):
        rules.append({"type": "wait_timer", "wait_timer": said["wait_timer"]})
    if reviewers := said.get("reviewers"):
        shown = [{"type": one["type"], "reviewer": {"id": one["id"]}} for one in reviewers]
        prevented = bool(said.get("prevent_self_review"))
        rules.append({"type": "required_reviewers", "prevent_self_review": prevented, "reviewers": shown})
    policy: Any = said.get("deployment_branch_policy")
    if policy:
        rules.append({"type": "branch_policy"})
    own = {"id": found.sequence, "name": found.name, "url": f"https://api.github.com/{quote(found.id[8:])}"}
    return {**own, "protection_rules": rules, "deployment_branch_policy": policy}


def _branch(found: Resource) -> Json:
    return {"id": found.sequence, "name": found.name, "type": found.body.get("type", "branch")}


def _variable(found: Resource) -> Json:
    return {"name": found.name, "value": found.body["value"]}


def _workflow(found: Resource) -> Json:
    return {"id": found.sequence, "name": found.name, "path": f".github/workflows/{found.name}", **found.body}
