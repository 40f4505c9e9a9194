"""Finds the handler for a request in the table of routes.

Paths of Azure Resource Manager ignore case; `{name}` takes one segment, `{name...}` the rest; a host may start with
`{name}.` to capture its first labels.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from mlops.emulator.errors import ServiceError
from mlops.emulator.request import Reply, Request
from mlops.emulator.state import Emulator

Handler = Callable[[Request, Emulator], Reply | Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    """One row of the surface: which host and path it answers, for which methods, and with what.

    `when` names query parameters that must be present (`comp=block`, or `snapshot` for any value).
    """

    host: str
    methods: str  # "GET", or several: "GET HEAD"
    path: str
    handler: Handler
    when: str = ""

    @property
    def name(self) -> str:
        """What faults and COVERAGE.md call it: `jobs.put`, or of a kind of asset `models.get_version`."""
        owner = getattr(self.handler, "__self__", None)
        kind = getattr(owner, "named", "") or getattr(owner, "plural", "")
        call = getattr(self.handler, "__name__", "call")
        return f"{kind or self.handler.__module__.rsplit('.', 1)[-1]}.{call}"


class Router:
    """All routes, compiled. The first row that fits answers, so special rows stand before general ones."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._rows = [(_pattern(route.host, "."), _pattern(route.path, "/"), route) for route in routes]

    def find(self, request: Request) -> tuple[Route, Request]:
        """The row and the request with its captured parts. Raises 405 or a 501 that names what is not emulated."""
        allowed: set[str] = set()
        query = request.query
        for host, path, route in self._rows:
            at_host = host.fullmatch(request.host)
            at_path = path.fullmatch(request.path) if at_host else None
            if not at_host or not at_path or not _fits(route.when, query):
                continue
            if request.method not in route.methods.split():
                allowed |= set(route.methods.split())
                continue
            captured = {name: text or "" for name, text in {**at_host.groupdict(), **at_path.groupdict()}.items()}
            return route, replace(request, params=captured)
        if allowed:
            raise ServiceError(
                405,
                "MethodNotAllowed",
                f"{request.method} is not allowed here.",
                headers={"Allow": ", ".join(sorted(allowed))},
            )
        raise ServiceError(
            501,
            "NotEmulated",
            f"The emulator has no route for {request.method} https://{request.host}{request.path}"
            + (f"?{request.query_string}" if request.query_string else "")
            + ". See mlops/emulator/COVERAGE.md for what it answers.",
        )


def at_host(template: str, host: str) -> bool:
    """Whether a host is one that a route's template means."""
    return _pattern(template, ".").fullmatch(host.lower()) is not None


def _fits(when: str, query: dict[str, str]) -> bool:
    for condition in when.split():
        name, _, value = condition.partition("=")
        if name not in query or (value and query[name] != value):
            return False
    return True


def _pattern(template: str, separator: str) -> re.Pattern[str]:
    """A template as a pattern: `{name}` is one piece between separators, `{name...}` all that is left."""
    pieces = []
    for part in re.split(r"(\{[a-z_]+(?:\.\.\.)?\})", template):
        if not part.startswith("{"):
            pieces.append(re.escape(part))
        elif part.endswith("...}"):
            pieces.append(f"(?P<{part[1:-4]}>.*)")
        else:
            pieces.append(f"(?P<{part[1:-1]}>[^{re.escape(separator)}]+)")
    return re.compile("".join(pieces), re.IGNORECASE)
