"""One request for each token at a time: reads begin side by side, and each would ask Entra for the same one.

Who waited finds it in the cache of azure-identity, which signs in. It must not keep a token itself.
"""

import threading
from typing import Any


class OneAtATime:
    """A token credential around another one."""

    def __init__(self, credential: Any) -> None:
        self.credential = credential
        self._asking: dict[tuple[str, ...], threading.RLock] = {}

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """An access token, as that one gives it."""
        with self._alone(scopes):
            return self.credential.get_token(*scopes, **options)

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """The same for newer clients."""
        with self._alone(scopes):
            return self.credential.get_token_info(*scopes, options=options)

    def _alone(self, scopes: tuple[str, ...]) -> "threading.RLock":
        return self._asking.setdefault(scopes, threading.RLock())

    def close(self) -> None:
        """Close the connections."""
        self.credential.close()
