"""What GitHub sends with each event, as its documentation of webhook events shows it, as far as anybody reads it."""

from typing import Any

SHA, BEFORE = "6b1c9d5e0f" * 4, "0a1b2c3d4e" * 4
PEOPLE: dict[str, Any] = {"login": "octocat", "id": 583231, "type": "User", "site_admin": False}


def repository(*, fork: bool = False) -> dict[str, Any]:
    owner = "somebody" if fork else "octo-org"
    return {
        "id": 35129377,
        "name": "mlops",
        "full_name": f"{owner}/mlops",
        "private": False,
        "owner": {**PEOPLE, "login": owner},
        "fork": fork,
        "default_branch": "main",
        "visibility": "public",
    }


def push(*changed: str, fork: bool = False) -> dict[str, Any]:
    commit = {"id": SHA, "message": 'Run `id`; "$(id)" ${{ github.token }}', "added": [], "removed": []}
    return {
        "ref": "refs/heads/main",
        "before": BEFORE,
        "after": SHA,
        "created": False,
        "forced": False,
        "head_commit": {**commit, "modified": list(changed)},
        "commits": [{**commit, "modified": list(changed)}],
        "pusher": {"name": "octocat", "email": "octocat@example.invalid"},
        "sender": PEOPLE,
        "repository": repository(fork=fork),
    }


def pull_request(*, of_a_fork: bool) -> dict[str, Any]:
    base = repository()
    head = repository(fork=True) if of_a_fork else base
    return {
        "action": "synchronize",
        "number": 7,
        "pull_request": {
            "number": 7,
            "title": "$(id)",
            "user": PEOPLE,
            "draft": False,
            "head": {"ref": "topic; id", "sha": SHA, "repo": head},
            "base": {"ref": "main", "sha": BEFORE, "repo": base},
        },
        "sender": PEOPLE,
        "repository": base,
    }


def dispatch(workflow: str, **inputs: str) -> dict[str, Any]:
    """Of a person's own inputs, which GitHub sends as strings."""
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    path = f".github/workflows/{workflow}.yml"
    return {"inputs": named, "ref": "refs/heads/main", "workflow": path, "sender": PEOPLE, "repository": repository()}


def schedule(cron: str, *, fork: bool = False) -> dict[str, Any]:
    return {"schedule": cron, "workflow": ".github/workflows/x.yml", "repository": repository(fork=fork)}


def repository_dispatch(event_type: str, **payload: Any) -> dict[str, Any]:
    """The type that a caller names arrives as the action."""
    return {
        "action": event_type,
        "branch": "main",
        "client_payload": payload,
        "sender": PEOPLE,
        "repository": repository(),
    }
