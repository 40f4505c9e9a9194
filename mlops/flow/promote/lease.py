"""Takes, keeps and gives back the lease of an endpoint, for promotions and cleanup; the domain's `lease` decides."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from mlops.azure import endpoints
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.promote import lease
from mlops.domain.tags import LEASE_TAG
from mlops.errors import MlopsError, Problem

SHORT = timedelta(minutes=10)


@dataclass
class EndpointLease:
    """The lease of one endpoint.

    `holder` is the same in every attempt of a workflow run, so that a job that is run again need not wait for itself.
    """

    workspace: Workspace
    endpoint: str
    holder: str
    also: Mapping[str, str | None] = field(default_factory=dict)  # tags that are written with it
    only_with_it: Mapping[str, str] = field(default_factory=dict)  # and such as go when it is given back
    has: bool = False

    def tags(self, lasting: timedelta = SHORT) -> dict[str, str | None]:
        """The tags for an endpoint that is about to be made."""
        self.has = True
        mine = str(lease.granted(self.holder, self.workspace.now(), lasting))
        return {**self.also, **self.only_with_it, LEASE_TAG: mine}

    def take(self) -> bool:
        """Have it for a short time, and look whether it was kept; False while it is another's. Raises Unreadable."""
        seen = self._seen()
        if lease.of_another(seen, self.holder, self.workspace.now(), self.endpoint):
            self.has = False
            return False
        return not self.hold(seen) or lease.is_held(self._seen(), self.holder, self.workspace.now(), rest=SHORT / 2)

    def other(self, tags: Mapping[str, str]) -> lease.Lease | None:
        """Whoever else may act now, by the tags of the endpoint.

        Raises lease.Stopped when this run had the lease and lost it, and lease.Unreadable.
        """
        found = lease.of_another(tags, self.holder, self.workspace.now(), self.endpoint)
        mine = lease.read(tags)
        if self.has and (mine is None or mine.holder != self.holder):
            self.has = False  # so that it is not given back: it is another's
            who = found.holder if found else "another run, such as a rollback,"
            raise lease.Stopped(
                Problem(
                    f"{who} took {self.endpoint} over, so this run stops",
                    fix="look at the endpoint (mlops status); run the same command again if it is still wanted",
                )
            )
        return found

    def hold(self, tags: Mapping[str, str], lasting: timedelta = SHORT) -> bool:
        """Have it for at least half of `lasting`; whether it had to be written, so that it must be read again."""
        if self.has and lease.is_held(tags, self.holder, self.workspace.now(), rest=lasting / 2):
            return False
        endpoints.patch_tags(self.workspace, self.endpoint, self.tags(lasting))
        return True

    def check(self) -> None:
        """Raise lease.Stopped when somebody else took over."""
        self.other(self._seen())

    def release(self, *gone: str) -> None:
        """Give it back, and take these tags off with it; when that fails it ends by itself."""
        if self.has:
            self.has = False
            with suppress(MlopsError):
                if not lease.is_held(self._seen(), self.holder, self.workspace.now(), rest=timedelta()):
                    return  # it was over, and may be another's by now
                dropped = dict.fromkeys((*self.only_with_it, *gone))
                endpoints.patch_tags(self.workspace, self.endpoint, {**dropped, LEASE_TAG: lease.FREE})

    def _seen(self) -> dict[str, str]:
        found = endpoints.read(self.workspace, self.endpoint) or {}
        return plain_tags(found.get("tags"))
