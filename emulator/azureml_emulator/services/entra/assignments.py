"""The federated credentials and role assignments that were stated; while none of a kind is, nothing is asked.

It must not judge (`federation`, `roles`). Kept in the store, so a restart forgets none.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra import federation, roles
from azureml_emulator.services.entra.actions import Asked

SETTING, DEPLOYED = "access", "access.deployed"
CREDENTIALS, ASSIGNMENTS, DEFINITIONS = "federated_credentials", "role_assignments", "role_definitions"


class Access:
    """What is stated, as objects."""

    def __init__(self, emulator: Emulator) -> None:
        store = emulator.store
        self._store = store
        self.credentials: list[federation.Credential] = []
        self.assignments: list[roles.Assignment] = []
        self.definitions: list[dict[str, Any]] = []
        self._read(json.loads(store.setting(SETTING, "{}")))

    def held(self, ids: tuple[str, ...], scope: str) -> list[roles.Role]:
        """The roles that one of these ids has at a scope."""
        return roles.held(self.assignments, ids, scope, self._known_roles)

    def owner(self, client: str) -> None:
        """Let an application do everything everywhere."""
        owner = roles.Assignment(client, "Owner", "/")
        self.state({ASSIGNMENTS: [*self._shown(self.assignments), owner.show()]})

    def deployed(
        self,
        credentials: Sequence[federation.Credential],
        assignments: Sequence[roles.Assignment],
        definitions: Sequence[dict[str, Any]],
    ) -> None:
        """Take in what resources of the cloud state, in the place of what they stated before."""
        before = json.loads(self._store.setting(DEPLOYED, "{}"))
        now = {
            CREDENTIALS: [one.show() for one in credentials],
            ASSIGNMENTS: [one.show() for one in assignments],
            DEFINITIONS: list(definitions),
        }
        if now == before:
            return
        shown = self.show()
        kept = {name: [one for one in shown.get(name, ()) if one not in before.get(name, ())] for name in now}
        self.state({name: [*kept[name], *now[name]] for name in now})
        self._store.set_setting(DEPLOYED, json.dumps(now))

    def state(self, stated: Mapping[str, Any]) -> None:
        """Replace what is named; an empty list asks for nothing any more. Raises a 400 and changes nothing."""
        unknown = sorted(set(stated) - {CREDENTIALS, ASSIGNMENTS, DEFINITIONS})
        if unknown or not all(isinstance(value, list) for value in stated.values()):
            raise bad_request(
                f"Access is stated as lists {CREDENTIALS}, {ASSIGNMENTS}, {DEFINITIONS}; not {unknown or stated!r}."
            )
        self._read(stated)
        self._store.set_setting(SETTING, json.dumps(self.show()))

    def show(self) -> dict[str, Any]:
        """As it is stated."""
        return {
            CREDENTIALS: [one.show() for one in self.credentials],
            ASSIGNMENTS: [one.show() for one in self.assignments],
            **({DEFINITIONS: self.definitions} if self.definitions else {}),
        }

    def _read(self, stated: Mapping[str, Any]) -> None:
        credentials = [federation.from_json(one) for one in stated.get(CREDENTIALS, self._shown(self.credentials))]
        definitions = list(stated.get(DEFINITIONS, self.definitions))
        known = {**roles.BUILT_IN, **dict(roles.definition(one) for one in definitions)}
        assignments = [roles.from_json(one, known) for one in stated.get(ASSIGNMENTS, self._shown(self.assignments))]
        for client in {one.client for one in credentials}:
            if sum(one.client == client for one in credentials) > federation.MOST:
                raise bad_request(f"An identity has {federation.MOST} federated credentials at most; {client} more.")
        self.credentials, self.assignments, self.definitions = credentials, assignments, definitions
        self._known_roles = known  # the built-in ones, and those of one's own, by name
        # Whether one of these ids may what is asked. Each call asks, and most of them what was asked before; what is
        # stated anew makes another.
        self.allows = lru_cache(maxsize=10_000)(self._allows)

    def _allows(self, ids: tuple[str, ...], asked: Asked) -> bool:
        return roles.allowed(self.held(ids, asked.scope), asked.action, data=asked.data)

    def _shown(self, entries: list[Any]) -> list[Any]:
        return [one.show() for one in entries]
