"""Finds the handler for a request in the table of routes.

Paths of Azure Resource Manager ignore case; `{name}` takes one segment, `{name...}` the rest; a host may start with
`{name}.` to capture its first labels.
"""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain
from operator import itemgetter

from azureml_emulator.core import clouds
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator

HOSTS_KEPT = 100  # a storage account, an endpoint: each has a host of its own
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

    @cached_property
    def name(self) -> str:
        """What faults and COVERAGE.md call it: `jobs.put`, or of a kind of asset `models.get_version`."""
        owner = getattr(self.handler, "__self__", None)
        kind = getattr(owner, "named", "") or getattr(owner, "plural", "")
        call = getattr(self.handler, "__name__", "call")
        return f"{kind or self.handler.__module__.rsplit('.', 1)[-1]}.{call}"


class RouteRow:
    """A route, and what is quickly seen of a path before its pattern is asked, or even compiled."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.methods = frozenset(route.methods.split())
        pieces = route.path.split("/")
        self._open = route.path.endswith("...}")
        self._count = len(pieces)
        literal = max((at for at, piece in enumerate(pieces) if "{" not in piece), default=0)
        self.mark: Mark = literal, pieces[literal].lower()  # its last fixed piece

    @cached_property
    def path(self) -> re.Pattern[str]:
        """What its paths look like."""
        return _pattern(self.route.path, "/")

    def may_take(self, count: int) -> bool:
        """Whether a path of so many pieces has the right length."""
        return count >= self._count if self._open else count == self._count


Mark = tuple[int, str]  # a place in a path, and the piece that stands there in lower case
Candidate = tuple[int, RouteRow, dict[str, str]]  # in the order of the table, with what the host's name captures


class Router:
    """All routes. The first row that fits answers, so special rows stand before general ones."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._rows = [RouteRow(route) for route in routes]
        self._at = lru_cache(HOSTS_KEPT)(self._find_host)

    def find(self, request: Request) -> tuple[Route, Request]:
        """The row and the request with its captured parts. Raises 405 or a 501 that names what is not emulated."""
        allowed: set[str] = set()
        query = request.query
        pieces = request.path.lower().split("/")
        marked = self._at(request.host)
        for _, row, at_host in sorted(
            chain.from_iterable(marked.get(mark, ()) for mark in enumerate(pieces)), key=itemgetter(0)
        ):
            at_path = row.path.fullmatch(request.path) if row.may_take(len(pieces)) else None
            if not at_path or not _fits(row.route.when, query):
                continue
            if request.method not in row.methods:
                allowed |= row.methods
                continue
            captured = {name: text or "" for name, text in {**at_host, **at_path.groupdict()}.items()}
            return row.route, request.with_params(captured)
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
            + ". See emulator/COVERAGE.md for what it answers.",
        )

    def _find_host(self, host: str) -> Mapping[Mark, Sequence[Candidate]]:
        """The rows of a host by what is quickly seen of a path: a request looks at a few of them, not at all."""
        found: dict[Mark, list[Candidate]] = defaultdict(list)
        for order, row in enumerate(self._rows):
            if match := _pattern(clouds.here(row.route.host), ".").fullmatch(host):
                found[row.mark].append((order, row, match.groupdict()))
        return dict(found)


def at_host(template: str, host: str) -> bool:
    """Whether a host is one that a route's template means."""
    return _pattern(template, ".").fullmatch(host.lower()) is not None


def _fits(when: str, query: dict[str, str]) -> bool:
    for condition in when.split():
        name, _, value = condition.partition("=")
        if name not in query or (value and query[name] != value):
            return False
    return True


@cache
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
