"""A lock that the service keeps: the lease of a blob in the workspace's default datastore.

To acquire it is atomic, it ends by itself within a minute of a crash, and while it is held a thread renews it. Who has
it stands in the blob's metadata, for people. It must not know what it protects.
Source: Lease Blob of the Blob service REST API.
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlops import clock
from mlops.azure import datastores
from mlops.azure.failures import Denied, Transient, not_azure, translated
from mlops.azure.workspace import Workspace
from mlops.errors import MlopsError, Problem

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobLeaseClient

SECONDS = 60  # the longest lease with an end; the shortest that a few failed renewals do not cost
RENEW_EVERY = 15.0
SURE = 45.0  # seconds after the last renewal within which nobody else can have it, the way of an answer included
FOLDER = "locks-of-mlops"
ANOTHER = "another run"
ROLE = (
    "give the identity the role Storage Blob Data Contributor on the workspace's storage account, "
    "or let the default datastore sign in with its key (docs/azure-setup.md)"
)


@dataclass(frozen=True)
class Holder:
    """Who has a lock, and for which verb; both are empty where the blob does not say yet."""

    name: str
    verb: str

    def __str__(self) -> str:
        return f"{self.name} ({self.verb})" if self.verb else self.name


class Lost(Exception):
    """The lock was broken, or ran out and is another's."""


class BlobLock:
    """One lock by its name. Made anew for each process that wants it; not for several threads."""

    def __init__(self, workspace: Workspace, name: str, holder: Holder) -> None:
        self._workspace, self._name, self._holder = workspace, name, holder
        self._id = str(uuid.uuid4())
        self._renewed = 0.0  # when the last renewal was sent
        self._over = threading.Event()
        self._lost = False
        self._made = ""  # the ETag of the blob that this process made: nobody else was there while it has that
        self._no_secret: tuple[Problem, ...] = ()  # why the datastore's key is not what it signs in with
        self.held = False

    def acquire(self, *, is_new: bool = False) -> Holder | None:
        """Take it; whoever has it where that is another, else None. Raises our failures.

        `is_new`: there is most likely no blob yet, so it is made first.
        """
        begun = clock.monotonic()
        with translated(f"take the lock {self._name}"), self._explained():
            if not self._try(is_new):
                return self._who()
            self._begin(begun)
            if not self._lease.etag or self._lease.etag != self._made:
                self._blob.set_blob_metadata(self._stated, lease=self._id)
        return None

    def seize(self) -> Holder | None:
        """Take it from whoever has it, who finds that at the next look; None unless a third was faster."""
        with translated(f"break the lock {self._name}"), self._explained():
            _allowing(lambda: self._lease.break_lease(0), 404, 409)  # 409: nobody has it
        return self.acquire()

    @property
    def sure(self) -> bool:
        """Whether it is held as far as is known here; `confirm` asks."""
        return self.held and not self._lost

    def confirm(self) -> None:
        """Make sure that it is still this process's, by renewing it. Raises Lost, or our failures."""
        if not self.sure:
            raise Lost
        begun = clock.monotonic()
        with translated(f"renew the lock {self._name}"):
            refused = self._asked(self._lease.renew, 404, 409, 412)
        if refused:
            self._drop()
            raise Lost
        self._renewed = begun

    def release(self) -> None:
        """Give it back; where that fails it ends by itself."""
        if not self.held:
            return
        self.abandon()
        try:
            with translated(f"give the lock {self._name} back"):
                _allowing(self._lease.release, 404, 409, 412)
        except MlopsError:
            return

    def remove(self) -> None:
        """Give it back, and the blob with it; whoever may not delete that gives the lock back alone."""
        if not self.held:
            return
        with suppress(MlopsError), translated(f"delete the lock {self._name}"):
            _allowing(lambda: self._blob.delete_blob(lease=self._id), 404)
            self.abandon()
        self.release()

    def abandon(self) -> None:
        """Renew it no more: it ends within a minute."""
        self._over.set()
        self.held = False

    def _try(self, is_new: bool) -> bool:
        """Acquire, and make the blob first where there is none; False while it is leased."""
        if is_new:
            _allowing(self._make, 409, 412)
        for _ in range(2):
            refused = self._asked(lambda: self._lease.acquire(SECONDS), 404, 409)
            if refused != 404:
                return refused == 0
            # 409 and 412: another made it in the meantime, and may have leased it.
            _allowing(self._make, 409, 412)
        return False

    def _make(self) -> None:
        self._made = str(self._blob.upload_blob(b"", overwrite=False, metadata=self._stated).get("etag") or "")

    @property
    def _stated(self) -> dict[str, str]:
        return {"holder": _ascii(self._holder.name), "verb": _ascii(self._holder.verb)}

    def _asked(self, call: Callable[[], object], *statuses: int) -> int:
        """As `_allowing`. Raises Transient where a success does not name this lease: the storage did not answer."""
        refused = _allowing(call, *statuses)
        named, self._lease.id = self._lease.id, self._id  # the client takes over whatever it is told
        if not refused and named != self._id:
            raise Transient(not_azure(f"ask for the lock {self._name}", "a success that names no lease"))
        return refused

    def _who(self) -> Holder:
        stated: dict[str, str] = {}

        def read() -> None:
            stated.update(self._blob.get_blob_properties().metadata or {})

        _allowing(read, 404)
        return Holder(stated.get("holder") or ANOTHER, stated.get("verb", ""))

    def _begin(self, begun: float) -> None:
        self._renewed, self._lost, self.held = begun, False, True
        self._over = threading.Event()
        threading.Thread(target=self._renew, args=(self._over,), name=f"lock {self._name}", daemon=True).start()

    def _renew(self, over: threading.Event) -> None:
        """Keep it, until it is over or lost; a call that fails otherwise is tried again until it must be another's."""
        while not over.wait(RENEW_EVERY):
            begun = clock.monotonic()
            try:
                refused = self._asked(self._lease.renew, 404, 409, 412)
            except Exception:  # noqa: BLE001 - whatever it is, the main thread is told by `confirm`
                refused = 409 if begun - self._renewed > SURE else 0
            else:
                self._renewed = begun if not refused else self._renewed
            if refused:
                self._lost = True
                return

    def _drop(self) -> None:
        self._lost = True
        self.abandon()

    @cached_property
    def _blob(self) -> "BlobClient":
        """The blob, with whatever credentials the datastore has; this identity's own where it has none."""
        from azure.storage.blob import BlobClient, LinearRetry

        from mlops.azure import connections

        place = datastores.stated_default(self._workspace)
        stated = place["properties"]
        url, container = datastores.account_url(self._workspace, stated), str(stated["containerName"])
        credential = self._secret(place) or self._workspace.credential
        name = f"{FOLDER}/{self._name}"
        patience = LinearRetry(backoff=1, retry_total=3)  # what is waited for here must not outlast the lease
        transport = connections.of(self._workspace.credential, connection_timeout=10, read_timeout=10)
        return BlobClient(url, container, name, credential=credential, transport=transport, retry_policy=patience)

    def _secret(self, place: dict[str, Any]) -> str | None:
        """Its SAS or key, for as long as a run lasts; None where there is none that this identity may read."""
        if (place["properties"].get("credentials") or {}).get("credentialsType") == "None":
            return None
        url = f"{self._workspace.url}/datastores/{place['name']}/listSecrets?api-version={datastores.API}"
        wanted = {"expirableSecret": True, "expireAfterHours": 12}
        try:
            found = self._workspace.send("POST", url, "read the default datastore's secret", json=wanted).json()
        except Denied as error:
            self._no_secret = tuple(error.problems)
            return None
        secret = found.get("sasToken") or found.get("key") or None
        if secret:
            datastores.keep_signature(self._workspace, place, secret)
        return secret

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """A refusal of the storage names what is lacking there, after what kept the datastore's key from being read."""
        try:
            yield
        except Exception as error:
            if getattr(error, "status_code", None) not in (401, 403):
                raise
            why = " ".join(str(error).split())[:300]
            refused = Problem("the lock cannot be taken: the storage refuses", why=why, fix=ROLE)
            raise Denied([*self._no_secret, refused]) from error

    @cached_property
    def _lease(self) -> "BlobLeaseClient":
        from azure.storage.blob import BlobLeaseClient

        return BlobLeaseClient(self._blob, lease_id=self._id)


def _allowing(call: Callable[[], object], *statuses: int) -> int:
    """Make a call; 0, or the status that refused it where that is one of these."""
    from azure.core.exceptions import HttpResponseError

    try:
        call()
    except HttpResponseError as error:
        if error.status_code in statuses:
            return int(error.status_code or 0)
        raise
    return 0


def _ascii(text: str) -> str:
    """What a header can hold."""
    return text.encode("ascii", "replace").decode()[:256]
