"""Azure's roles as data, and whether assignments of them allow an action.

It must not know requests (`actions`). Source: the JSON of Azure's built-in role definitions.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache

from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.services.entra import operations

ML = "Microsoft.MachineLearningServices"
WRITES = ("read", "write", "delete")
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"


@dataclass(frozen=True)
class Role:
    """What a role allows: actions of the management plane and of the data plane, less the exceptions of the first."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()

    def allows(self, action: str, *, data: bool) -> bool:
        """Whether the action is one of those; case does not matter, `*` stands for any text."""
        if data:
            return _any(self.data_actions, action)
        return _any(self.actions, action) and not _any(self.not_actions, action)


BUILT_IN: Mapping[str, Role] = {
    "Owner": Role(("*",)),
    "Contributor": Role(
        ("*",),
        (
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ),
    ),
    "Reader": Role(("*/read",)),
    "Monitoring Reader": Role(("*/read", "Microsoft.OperationalInsights/workspaces/search/action")),
    "AzureML Data Scientist": Role(
        tuple(f"{ML}/workspaces/*/{verb}" for verb in ("read", "action", "delete", "write")),
        (
            f"{ML}/workspaces/delete",
            f"{ML}/workspaces/write",
            f"{ML}/workspaces/computes/*/write",
            f"{ML}/workspaces/computes/*/delete",
            f"{ML}/workspaces/computes/listKeys/action",
            f"{ML}/workspaces/listKeys/action",
            f"{ML}/workspaces/hubs/write",
            f"{ML}/workspaces/hubs/delete",
            f"{ML}/workspaces/featurestores/write",
            f"{ML}/workspaces/featurestores/delete",
        ),
    ),
    "AzureML Compute Operator": Role((f"{ML}/workspaces/computes/*", f"{ML}/workspaces/notebooks/vm/*")),
    "AzureML Registry User": Role((f"{ML}/registries/read", f"{ML}/registries/assets/*")),
    "Storage Blob Data Reader": Role((f"{BLOBS}/read",), data_actions=(f"{BLOBS}/blobs/read",)),
    "Storage Blob Data Contributor": Role(
        tuple(f"{BLOBS}/{verb}" for verb in WRITES),
        data_actions=tuple(f"{BLOBS}/blobs/{verb}" for verb in (*WRITES, "move/action", "add/action")),
    ),
}

IDS: Mapping[str, str] = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Monitoring Reader": "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
    "AzureML Data Scientist": "f6c7c914-8db3-469d-8ca1-694a8f32e121",
    "AzureML Compute Operator": "e503ece1-11d0-4e8e-8e2c-7a6c3bf38815",
    "AzureML Registry User": "1823dd4f-9b8c-4ab6-ab4e-7397a3684615",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
}


@dataclass(frozen=True)
class Assignment:
    """A role that a principal (client or object id) has at a scope and below it. `role` names a built-in one."""

    principal: str
    role: str
    scope: str = "/"

    def reaches(self, scope: str) -> bool:
        """Whether it holds at a scope."""
        own, asked = self.scope.lower().rstrip("/"), scope.lower().rstrip("/")
        return asked == own or asked.startswith(f"{own}/")

    def show(self) -> dict[str, str]:
        """As it is stated."""
        return asdict(self)


def definition(stated: object) -> tuple[str, Role]:
    """A role of one's own, with its name, from its fields. Raises a 400 that says what is wrong with it.

    An action must be one that a provider publishes, or with `*` stand for some.
    """
    lists = {"actions", "not_actions", "data_actions"}
    if not isinstance(stated, dict) or not {"name", "actions"} <= set(stated) <= {"name", *lists}:
        raise bad_request(
            f"A role has name, actions and, where it has some, not_actions, data_actions; not {stated!r}."
        )
    made = Role(**{name: tuple(map(str, stated.get(name) or ())) for name in lists})
    for kind, named in (("Action", (*made.actions, *made.not_actions)), ("DataAction", made.data_actions)):
        for action in named:
            if not _is_published(action, data=kind == "DataAction"):
                text = f"'{action}' does not match any of the actions supported by the providers."
                raise ServiceError(400, f"Invalid{kind}OrNot{kind}", text, plain=True)
    return str(stated["name"]), made


def from_json(stated: object, known: Mapping[str, Role] = BUILT_IN) -> Assignment:
    """An assignment from its fields. Raises a 400 that says what is wrong with it."""
    if not isinstance(stated, dict) or not {"principal", "role"} <= set(stated) <= {"principal", "role", "scope"}:
        raise bad_request(f"A role assignment has principal, role and, where it is not all, scope; not {stated!r}.")
    made = Assignment(**{name: str(value) for name, value in stated.items()})
    if made.role not in known:
        raise bad_request(f"There is no role {made.role!r}; there are {', '.join(known)}.")
    if not made.scope.startswith("/"):
        raise bad_request(f"{made.scope!r} is no scope: /subscriptions/..., or / for everywhere.")
    return made


def held(
    assignments: Iterable[Assignment], ids: Iterable[str], scope: str, known: Mapping[str, Role] = BUILT_IN
) -> list[Role]:
    """The roles that one of these ids has at a scope."""
    own = {id.lower() for id in ids if id}
    return [known[one.role] for one in assignments if one.principal.lower() in own and one.reaches(scope)]


def allowed(found: Iterable[Role], action: str, *, data: bool = False) -> bool:
    """Whether one of the roles allows an action: what one excepts another may give."""
    return any(role.allows(action, data=data) for role in found)


def _any(patterns: Iterable[str], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@cache
def _is_published(action: str, *, data: bool) -> bool:
    """Whether a provider publishes it; asked of every action of every role whenever something is assigned."""
    return any(_pattern(action).fullmatch(one) for one in (operations.DATA if data else operations.PUBLISHED))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """`*` stands for any text; between slashes for none too: the role that excepts workspaces/write has `*/write`."""
    expression = re.escape(text).replace(r"/\*/", "/(?:.*/)?").replace(r"\*", ".*")
    return re.compile(expression, re.IGNORECASE)
