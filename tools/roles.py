"""Writes the roles of `infra/roles.json` from the calls that rehearsals really make, or with logs takes those in.

    python tools/roles.py                                       # the roles, from infra/calls.json
    python tools/roles.py STATE/requests.log ...                # first adds what the logs of rehearsals have
    python tools/roles.py --anew STATE/requests.log ...         # and forgets what they do not have

A call is a method and a route of the emulator; `azureml_emulator.services.entra.actions` says which action of Azure's
access control it is. What no rehearsal reaches stands in `BEYOND`, with the reason.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
CALLS, ROLES = ROOT / "infra" / "calls.json", ROOT / "infra" / "roles.json"
READ = "read"  # the role on the subscription: what is asked there, by whomever
ML = "Microsoft.MachineLearningServices/workspaces"
WHAT = {
    "train": "Prepares data, trains, evaluates and registers, for `mlops`.",
    "release": "Deploys models and moves traffic, for `mlops`.",
    "cleanup": "Marks and deletes what is not used, for `mlops`.",
    "autoscale": "Writes autoscale settings of endpoints, for `mlops`.",
    READ: "Reads machine sizes, quota, operations, metrics and permissions for `mlops`.",
}
_SUBMITTED = "asked of whoever submits a job (Learn, Manage access: submitting any type of run, V2)"
_V2 = "tags of a job go through its run, and Learn names both for one: jobs (V2), experiments (V1)"
_OWN = "a component of your own (docs/own-component.md)"
_IDLE = "`cleanup.idle_compute` may let a cluster go to zero, or stop an instance"
_OLD = "`cleanup.apply` may name it; the rehearsal has none that is old enough"
_SCALE = "`environments.*.autoscale`"
# Kind of role -> action -> why it is needed, though no rehearsal makes the call.
BEYOND: Mapping[str, Mapping[str, str]] = {
    "train": {
        **dict.fromkeys(
            (
                f"{ML}/environments/read",
                f"{ML}/environments/write",
                f"{ML}/environments/build/action",
                f"{ML}/environments/readSecrets/action",
                f"{ML}/metadata/artifacts/read",
                f"{ML}/metadata/artifacts/write",
            ),
            _SUBMITTED,
        ),
        **dict.fromkeys(
            (
                f"{ML}/codes/versions/*",  # the service publishes no name for startPendingUpload
                f"{ML}/components/versions/read",
                f"{ML}/components/versions/write",
                f"{ML}/environments/versions/read",
                f"{ML}/environments/versions/write",
            ),
            _OWN,
        ),
        f"{ML}/jobs/cancel/action": "`watch.on_interrupt: cancel`",
    },
    "release": {
        f"{ML}/experiments/runs/read": _V2,
        f"{ML}/jobs/write": _V2,
        f"{ML}/onlineEndpoints/deployments/getlogs/action": "the log of a deployment that failed is shown",
        f"{ML}/onlineEndpoints/score/action": "`serving.auth_mode: aad_token`",
        f"{ML}/onlineEndpoints/token/action": "an endpoint that somebody gave the authentication mode AMLToken",
    },
    "cleanup": {
        f"{ML}/computes/stop/action": _IDLE,
        f"{ML}/computes/write": _IDLE,
        f"{ML}/data/versions/write": _OLD,
        f"{ML}/experiments/runs/read": _OLD,
        f"{ML}/jobs/cancel/action": _OLD,
        f"{ML}/jobs/write": _OLD,
        f"{ML}/onlineEndpoints/deployments/delete": _OLD,
    },
    READ: {},
    "autoscale": dict.fromkeys(
        ("Microsoft.Insights/autoscaleSettings/delete", "Microsoft.Insights/autoscaleSettings/write"), _SCALE
    ),
}


def calls(logs: Iterable[Path], names: Mapping[str, str]) -> dict[str, set[str]]:
    """The calls in logs of requests, by kind of role. `names` has the kind of each application."""
    found: dict[str, set[str]] = {kind: set() for kind in WHAT}
    for log in logs:
        for line in log.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            kind = names.get(str(one.get("client", "")), "")
            if kind and (call := _call(str(one["method"]), urlsplit(str(one["url"])))):
                found[kind].add(call)
    return found


def needed(recorded: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The actions of each role: of its calls and `BEYOND`; what is asked of the subscription is of the role READ."""
    found: dict[str, set[str]] = {kind: set(more) for kind, more in BEYOND.items()}
    for kind, made in recorded.items():
        for call in made:
            if action := action_of(call):
                found[READ if of_subscription(call) else kind].add(action)
    return {kind: sorted(actions, key=str.lower) for kind, actions in found.items()}


@cache
def action_of(call: str) -> str:
    """The action that a call asks for, as its provider spells it; empty where it needs no role."""
    from azureml_emulator.core import arm
    from azureml_emulator.services.entra import actions, operations

    method, _, place = call.partition(" https://")
    host, _, path = place.partition("/")
    path = f"/{path}"
    if host == arm.HOST:
        asked = actions.of_arm(method, path)
    elif host.endswith("metrics.monitor.azure.com"):
        asked = actions.Asked("Microsoft.Insights/metrics/read", path)
    else:
        asked = actions.of_workspace(method, path)
    if asked is None or "/registries/{registry}" in path:  # who shares models has AzureML Registry User there
        return ""
    return operations.published(asked.action) or asked.action


def template(roles: Mapping[str, list[str]]) -> dict[str, Any]:
    """`infra/roles.json`."""
    name = "parameters('suffix')"
    role = "variables('roles')[copyIndex()]"
    return {
        "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {
            "description": "Roles with the actions that the rehearsals ask for, and no other. Written by `make roles`."
        },
        "parameters": {
            "suffix": {
                "type": "string",
                "metadata": {"description": "End of their names: no two roles of a tenant may be named alike."},
            }
        },
        "variables": {
            "roles": [{"kind": kind, "what": WHAT[kind], "actions": actions} for kind, actions in roles.items()]
        },
        "resources": [
            {
                "copy": {"name": "definitions", "count": "[length(variables('roles'))]"},
                "type": "Microsoft.Authorization/roleDefinitions",
                "apiVersion": "2022-04-01",
                "name": f"[guid(subscription().id, {name}, {role}.kind)]",
                "properties": {
                    "roleName": f"[format('MLOps {{0}} for {{1}}', {role}.kind, {name})]",
                    "description": f"[{role}.what]",
                    "type": "CustomRole",
                    "permissions": [
                        {"actions": f"[{role}.actions]", "notActions": [], "dataActions": [], "notDataActions": []}
                    ],
                    "assignableScopes": ["[subscription().id]"],
                },
            }
        ],
        "outputs": {
            kind: {"type": "string", "value": f"[guid(subscription().id, {name}, '{kind}')]"} for kind in roles
        },
    }


def table() -> str:
    """The roles for people: each action, and which call of a rehearsal asks for it, or why it is there."""
    recorded = read()
    lines = [
        "# Permissions",
        "",
        "What the roles of `infra/roles.json` allow, and why. Written by `make docs` from the calls that rehearsals",
        "make (`infra/calls.json`); `{...}` stands for a name. [azure-setup.md](azure-setup.md#roles) says who has",
        "which.",
        "",
    ]
    for kind, actions in needed(recorded).items():
        lines += [f"## {kind}", "", WHAT[kind], "", "| action | asked for by |", "|---|---|"]
        for action in actions:
            made = sorted(_short(call) for call in _asking(kind, action, recorded))
            lines.append(f"| `{action}` | {'<br>'.join(made) or BEYOND[kind][action]} |")
        lines.append("")
    return "\n".join(lines)


def read() -> dict[str, list[str]]:
    """The calls as they were recorded."""
    found: dict[str, list[str]] = json.loads(CALLS.read_text(encoding="utf-8"))
    return found


def whole() -> str:
    """`infra/roles.json` as text."""
    return json.dumps(template(needed(read())), indent=2) + "\n"


def _asking(kind: str, action: str, recorded: Mapping[str, Iterable[str]]) -> set[str]:
    of_kind = (made for one, made in recorded.items() if kind in (READ, one))
    return {
        call
        for made in of_kind
        for call in made
        if action_of(call) == action and of_subscription(call) == (kind == READ)
    }


def _short(call: str) -> str:
    method, _, place = call.partition(" https://")
    host, _, path = place.partition("/")
    start = "subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.MachineLearningServices/workspaces/{ws}"
    shown = (
        f"{path.replace(start, 'WORKSPACE')}"
        if host == "management.azure.com"
        else f"{host}/{path}".replace(start, "WORKSPACE")
    )
    return f"`{method} {shown}`"


def of_subscription(call: str) -> bool:
    """Whether it is asked above every workspace."""
    return "/workspaces/{ws}" not in call


def _call(method: str, url: Any) -> str:
    """The route of a request that needs a role, in one line; empty for others."""
    from azureml_emulator.core.arm import HOST
    from azureml_emulator.core.errors import ServiceError
    from azureml_emulator.core.request import Request

    host = str(url.hostname)
    if host != HOST and not host.endswith((".api.azureml.ms", ".metrics.monitor.azure.com")):
        return ""
    try:
        route, _ = _router().find(Request(method, host, url.path, url.path))
    except ServiceError:
        return ""
    return f"{method} https://{route.host}{route.path}"


@cache
def _router() -> Any:
    from azureml_emulator.http.routing import Router
    from azureml_emulator.routes import ROUTES

    return Router(ROUTES)


def main(words: list[str]) -> None:
    """Take in the logs that are named; then, or without one, write the roles."""
    from mlops.cli.rehearse import roles
    from mlops.params import load

    logs = [Path(word) for word in words if word != "--anew"]
    if logs:
        names = {roles.client(name): kind for name, kind in roles.kinds(load(ROOT / "params.yaml")).items()}
        found = calls(logs, names)
        before: Iterator[tuple[str, list[str]]] = iter(() if "--anew" in words else read().items())
        for kind, made in before:
            found[kind] |= set(made)
        kept = {kind: sorted(made) for kind, made in found.items() if made}
        CALLS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    ROLES.write_text(whole(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
