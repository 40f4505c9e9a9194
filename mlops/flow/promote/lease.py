"""Takes, keeps and gives back the lease of an endpoint; `mlops.domain.promote.lease` decides."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from mlops.azure import endpoints
from mlops.domain.promote import lease
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.tags import LEASE_TAG
from mlops.errors import MlopsError, Problem, Unfinished
from mlops.flow.context import Context

SHORT = timedelta(minutes=10)


@dataclass
class Holder:
    """This run, as the holder of one endpoint's lease."""

    context: Context
    endpoint: str
    has: bool = False
    name: str = field(default="")

    def __post_init__(self) -> None:
        # The same for every attempt of a workflow run, so that running a job again need not wait for its own lease.
        self.name = self.context.run_url or f"local-{secrets.token_hex(4)}"

    def tags(self, lasting: timedelta = SHORT) -> dict[str, str]:
        """The tag for an endpoint that is about to be made."""
        self.has = True
        return {LEASE_TAG: str(lease.granted(self.name, self.context.workspace.now(), lasting))}

    def other(self, facts: EndpointFacts) -> lease.Lease | None:
        """Whoever else may act now.

        Raises Unfinished when this run had the lease and lost it, and lease.Unreadable.
        """
        found = lease.of_another(facts.tags, self.name, self.context.workspace.now(), self.endpoint)
        mine = lease.read(facts.tags)
        if self.has and (mine is None or mine.holder != self.name):
            self.has = False  # so that it is not given back: it is another's
            who = found.holder if found else "another run, such as a rollback,"
            raise Unfinished(
                Problem(
                    f"{who} took {self.endpoint} over, so this run stops",
                    fix="look at the endpoint (mlops status); run the same command again if it is still wanted",
                )
            )
        return found

    def hold(self, facts: EndpointFacts, lasting: timedelta = SHORT) -> bool:
        """Have it for at least half of `lasting`; whether it had to be written, so that it must be read again."""
        now = self.context.workspace.now()
        if self.has and lease.is_held(facts.tags, self.name, now, rest=lasting / 2):
            return False
        endpoints.patch_tags(self.context.workspace, self.endpoint, self.tags(lasting))
        return True

    def check(self) -> None:
        """Raise Unfinished when somebody else took over."""
        self.other(endpoints.observe(self.context.workspace, self.endpoint, self.context.owner))

    def release(self) -> None:
        """Give it back; when that fails it ends by itself."""
        if self.has:
            self.has = False
            with suppress(MlopsError):
                endpoints.patch_tags(self.context.workspace, self.endpoint, {LEASE_TAG: lease.FREE})
