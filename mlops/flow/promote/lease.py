"""Takes, keeps and gives back the right to change an endpoint, for promotions, rollbacks and cleanup.

The lock is a lease in the workspace's storage (`mlops.azure.blob_lock`); the tag on the endpoint is a note for people.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from mlops.azure import blob_lock, endpoints
from mlops.azure.blob_lock import BlobLock, Holder
from mlops.azure.workspace import Workspace
from mlops.domain.promote import lease
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.domain.tags import LEASE_TAG
from mlops.errors import MlopsError, Problem

if TYPE_CHECKING:
    from mlops.domain.promote.steps import Wait

NOTED = timedelta(minutes=60)  # what the note says; nobody waits for it
Verb = Literal["promote", "rollback", "cleanup", "freeze"]


@dataclass
class EndpointLease:
    """The lease of one endpoint. `holder` is how others read who has it."""

    workspace: Workspace
    endpoint: str
    holder: str
    verb: Verb
    also: Mapping[str, str | None] = field(default_factory=dict)  # tags that are written with the note
    only_with_it: Mapping[str, str] = field(default_factory=dict)  # and such as go when it is given back
    noted: bool = False

    @cached_property
    def _lock(self) -> BlobLock:
        return BlobLock(self.workspace, self.endpoint, Holder(self.holder, self.verb))

    @property
    def has(self) -> bool:
        """Whether this process took it, and has not given it back."""
        return self._lock.held

    def take(self, *, over: bool = False, is_new: bool = False) -> Holder | None:
        """Have it; whoever has it where that is another, else None. `over`: take it from a promotion.

        `is_new`: the endpoint is not there yet, so the lock most likely is not either.

        Raises lease.Stopped where this run had it and lost it.
        """
        if self.has:
            self.check()
            return None
        other = self._lock.acquire(is_new=is_new)
        return self._lock.seize() if other and over and other.verb in ("promote", "") else other

    def check(self) -> None:
        """Raise lease.Stopped when somebody else took over."""
        try:
            self._lock.confirm()
        except blob_lock.Lost:
            raise self._stopped() from None

    def look(self) -> None:
        """The same by what the thread that renews it has found out: enough before a step that changes nothing."""
        if not self._lock.sure:
            raise self._stopped()

    def check_note(self, tags: Mapping[str, str]) -> None:
        """Raise lease.Stopped when the note is gone: so does a rollback that could not reach the lock."""
        if self.noted and not lease.is_held(tags, self.holder):
            raise self._stopped()

    def _stopped(self) -> lease.Stopped:
        what = f"another run, such as a rollback, took {self.endpoint} over, so this run stops"
        fix = "look at the endpoint (mlops status); run the same command again if it is still wanted"
        return lease.Stopped(Problem(what, fix=fix))

    def tags(self) -> dict[str, str | None]:
        """The note, and what is written with it."""
        self.noted = True
        mine = str(lease.granted(self.holder, self.workspace.now(), NOTED))
        return {**self.also, **self.only_with_it, LEASE_TAG: mine}

    def note_gone(self) -> dict[str, str | None]:
        """What takes the note off; the last change of an endpoint does it in the same request."""
        return {**dict.fromkeys(self.only_with_it), LEASE_TAG: lease.FREE}

    def note(self, facts: EndpointFacts) -> None:
        """Write on the endpoint, where there is one, who changes it."""
        if facts.state is not EndpointState.ABSENT:
            endpoints.patch_tags(self.workspace, self.endpoint, self.tags())

    def tidy(self, facts: EndpointFacts) -> None:
        """Take off what a run left that died at its end, unless another is at it; when that fails it stays a note."""
        left = facts.tags.get(LEASE_TAG, lease.FREE) != lease.FREE or set(self.only_with_it) & set(facts.tags)
        if left and not self.has:
            with suppress(MlopsError):
                self.noted = self.take() is None
                self.release()

    def waiting(self, other: Holder) -> "Wait":
        """What is said while another has it."""
        from mlops.domain.promote.steps import Wait  # of a promotion; cleanup and freezing take no step

        why = f"{other} changes {self.endpoint}; where that run died, its lease ends within a minute"
        return Wait(self.endpoint, why)

    def abandon(self) -> None:
        """Keep it no longer, as a process that dies: it ends within a minute."""
        self._lock.abandon()

    def release(self, *gone: str) -> None:
        """Give it back, and take the note and these tags off before; when that fails it ends by itself."""
        if not self.has:
            return
        if self.noted or gone:
            note = self.note_gone() if self.noted else {}
            self.noted = False
            with suppress(MlopsError):
                self.check()  # what another has by now is theirs to note
                endpoints.patch_tags(self.workspace, self.endpoint, {**dict.fromkeys(gone), **note})
        self._lock.release()

    def end(self) -> None:
        """Give it back with the lock itself: the endpoint is gone."""
        self._lock.remove()
