"""Long-running operations as Azure Resource Manager does them, for every resource alike.

A handler starts one and answers; `settle` applies what is due before the next request is served, whoever asks for
what: by polls, by reads of the resource, and by time alone, so that one whose creator died ends too. The effect is
data (set the provisioning state, merge properties, or delete).
Source: ARM's asynchronous operations contract (Azure-AsyncOperation and Location).
"""

import json
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from azureml_emulator.core import arm, clouds
from azureml_emulator.core.clock import Clock, iso, parse
from azureml_emulator.core.errors import ServiceError, error_object
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state_transitions import SECONDS_A_READ, Delay, delay
from azureml_emulator.core.store import Store

Effect = Literal["settle", "delete", "none"]

UNDER_WAY = "operations under way"  # what is remembered: whether there are any
HELD = 1e15  # due when somebody says so
MFE, ACCOUNT, COMPUTE = "mfeOperationsStatus", "workspaceOperationsStatus", "computeOperationsStatus"
REGISTRY = "registryOperationsStatus"
_KEPT_AT: dict[str, str] = {  # kind of resource -> which service keeps its operations; all others the front end
    "computes": COMPUTE,
    "registries": REGISTRY,
    **dict.fromkeys(("workspaces", "outboundRules"), ACCOUNT),
}
_SAID = {  # kind of resource -> what its service says of an operation; of all others everything
    **dict.fromkeys(("computes", "workspaces", "outboundRules", "registries"), ("status", "percentComplete")),
    "featuresets": ("status",),
    "featurestoreEntities": ("status",),
    **dict.fromkeys(("batchEndpoints", "batchDeployments"), ("id", "name", "status")),
    "schedules": ("id", "name", "status", "startTime", "endTime"),
}
_DOING = {"schedules": {"settle": "Creating", "delete": "Deleting"}}  # what a service says of an operation till its end
_ENDPOINTS = ("onlineEndpoints", "onlineDeployments", "batchEndpoints", "batchDeployments")
API_VERSION = "2022-02-01-preview"  # of the status URL, where a call has none
NEVER = "0001-01-01T00:00:00+00:00"  # the end of what has not ended, since 2023
NULL_ANSWERS = ("jobs", *map(str.lower, _ENDPOINTS), "schedules")  # of 202s that say nothing
RETRY_AFTER = "1"  # seconds; real services answer 5 to 30, which would only make a rehearsal slow
AGAIN_SETTING = "operations.retry_after_ms"


@dataclass(frozen=True)
class Operation:
    """One operation. `status` is InProgress, Succeeded, Failed or Canceled; times are of the emulator's clock."""

    id: str
    resource: str
    status: str
    due: float
    reads: int
    effect: Effect
    started: str
    merge: dict[str, Any] = field(default_factory=dict)  # into properties when it ends well
    error: dict[str, Any] | None = None  # how it is going to fail, if it is
    ended: str | None = None
    scope: str = ""  # subscription and location of the status URL
    api_version: str = API_VERSION  # of the call that began it, and of its polls
    answer: dict[str, Any] | None = None  # of `Location` at its end; None: the resource
    again_ms: str = ""  # after how many milliseconds a client may ask again, where that was set

    @property
    def again(self) -> dict[str, str]:
        """The header that says after how long a client may ask again."""
        return _again(self.again_ms)

    @property
    def kind(self) -> str:
        """Of the resource that is changed, as in its id: `computes`; `models` of a version of a model.

        Of a deployment it says also of which endpoints: `onlineDeployments`.
        """
        *above, kind, _ = self.resource.split("/")
        if kind == "deployments":
            return f"{above[-2].removesuffix('Endpoints')}Deployments"
        return above[-2] if kind == "versions" else kind

    @property
    def kept_at(self) -> str:
        """Which service keeps it, as in the path of its status."""
        return _KEPT_AT.get(self.kind, MFE)

    @property
    def url(self) -> str:
        """Where its status is read."""
        mark = {COMPUTE: "&service=new", ACCOUNT: "&type=async", REGISTRY: "&type=async"}.get(self.kept_at, "")
        return f"https://{clouds.here(arm.HOST)}{self._path}?api-version={self.api_version}{mark}"

    @property
    def location(self) -> str | None:
        """Where its result is read; None where the service names no such place."""
        if self.kept_at == COMPUTE:
            return None
        return self.url.replace(MFE, "mfeOperationResults").replace("type=async", "type=location")

    @property
    def _path(self) -> str:
        return f"{self.scope}/{self.kept_at}/{self.id}"

    def body(self) -> dict[str, Any]:
        """What a poll of the status URL answers."""
        answer: dict[str, Any] = {
            "id": self._path,
            "name": self.id,
            "status": "Updating" if self.status == "InProgress" and self.kind in _ENDPOINTS else self.status,
            "startTime": self.started,
        }
        if self.ended or self.api_version > API_VERSION or self.kind in _ENDPOINTS:
            answer["endTime"] = self.ended or NEVER
        if self.status == "Succeeded" or self.kept_at == MFE:
            answer["percentComplete"] = 100.0 if self.status == "Succeeded" else 0.0
        if keys := _SAID.get(self.kind):
            answer = {key: answer[key] for key in keys if key in answer}
        if self.status == "InProgress" and (doing := _DOING.get(self.kind)):
            answer = {**{key: answer[key] for key in ("id", "name")}, "status": doing.get(self.effect, self.status)}
        if self.status == "Failed" and self.error:
            answer["error"] = self.error
        return answer


class Operations:
    """All operations of the emulator."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def start(
        self,
        resource_id: str,
        kind: str,
        *,
        effect: Effect = "settle",
        merge: dict[str, Any] | None = None,
        error: tuple[str, str] | None = None,
        wanted: Delay | None = None,
        held: bool = False,
        request: Request,
        subscription: str = "",
        location: str,
        answer: dict[str, Any] | None = None,
    ) -> Operation:
        """Begin to change a resource at the delay of its kind. `error` = (code, message) makes it fail.

        A held one waits for `release`, however often it is polled. A failure that `request` met as a fault is
        taken from it.
        """
        speed = wanted or delay(self._store, kind)
        if request.injected:
            failure = request.injected.pop()
            error = (failure.code, failure.message)
        operation = Operation(
            id=f"oe:{uuid.uuid4()}:{uuid.uuid4()}",
            resource=resource_id,
            status="InProgress",
            due=HELD if held else self._clock.now().timestamp() + speed.seconds,
            reads=speed.reads,
            effect=effect,
            started=self._clock.stamp(),
            merge=merge or {},
            error=error_object(*error) if error else None,
            scope=_scope(subscription or request.params["sub"], location),
            api_version=request.query.get("api-version") or API_VERSION,
            answer=answer,
            again_ms=self._store.setting(AGAIN_SETTING, ""),
        )
        self._save(operation)
        return operation

    @property
    def again(self) -> dict[str, str]:
        """What an answer says of the next question, where no operation is kept that says it itself."""
        return _again(self._store.setting(AGAIN_SETTING, ""))

    def release(self, id: str, wanted: Delay, *, error: tuple[str, str] | None = None) -> None:
        """Let a held operation end at a delay that is counted from its start; `error` makes it fail."""
        operation = self.get(id)
        if operation is None or operation.status != "InProgress":
            return
        due = parse(operation.started).timestamp() + wanted.seconds
        failure = error_object(*error) if error else operation.error
        self._save(replace(operation, due=due, error=failure))
        self.settle()

    def get(self, id: str) -> Operation | None:
        """The operation of that id, or None."""
        row = self._store.database.execute(
            "SELECT body, status, due, reads FROM operations WHERE id = ?", (id,)
        ).fetchone()
        return _operation(row) if row else None

    def read(self, id: str) -> Operation:
        """One poll by a client: counts towards a delay in reads. Raises 404."""
        operation = self.get(id)
        if operation is None:
            raise ServiceError(404, "NotFound", f"Operation {id} is not known.")
        if operation.status == "InProgress" and operation.reads > 0:
            self._store.database.execute("UPDATE operations SET reads = reads - 1 WHERE id = ?", (id,))
            self.settle()
        found = self.get(id)
        assert found is not None
        return found

    def seen(self, path: str) -> None:
        """A read of a resource, or of the list that it is in: counts towards a delay in reads as a poll does."""
        asked = path.rstrip("/").lower()
        rows = self._store.database.execute(
            "SELECT id, resource FROM operations WHERE status = 'InProgress' AND reads > 0"
        ).fetchall()
        for id, resource in rows:
            if asked in (resource, resource.rpartition("/")[0]):
                self._store.database.execute("UPDATE operations SET reads = reads - 1 WHERE id = ?", (id,))

    def pending(self, resource_id: str) -> Operation | None:
        """The operation that is changing a resource right now, if any."""
        row = self._store.database.execute(
            "SELECT body, status, due, reads FROM operations WHERE status = 'InProgress' AND resource = ?",
            (resource_id.lower(),),
        ).fetchone()
        return _operation(row) if row else None

    @property
    def are_under_way(self) -> bool:
        """Whether there is any that a look, a poll or time could end."""
        one = "SELECT 1 FROM operations WHERE status = 'InProgress' LIMIT 1"
        return self._store.remember(UNDER_WAY, lambda: self._store.database.execute(one).fetchone() is not None)

    def settle(self) -> None:
        """Apply the effect of every operation that is due."""
        rows = self._store.database.execute(
            "SELECT body, status, due, reads FROM operations WHERE status = 'InProgress' AND due + reads * ? <= ?",
            (SECONDS_A_READ, self._clock.now().timestamp()),
        ).fetchall()
        for row in rows:
            self._finish(_operation(row))

    def _finish(self, operation: Operation) -> None:
        resource = self._store.get(operation.resource)
        failed = operation.error is not None
        if resource is not None and operation.effect == "delete" and not failed:
            self._store.delete(operation.resource)
        elif resource is not None and operation.effect != "none":
            properties = {**resource.body.get("properties", {})}
            if not failed:
                properties |= operation.merge
            properties["provisioningState"] = "Failed" if failed else "Succeeded"
            if failed:
                properties["provisioningErrors"] = [{"error": operation.error}]
            self._store.update(resource.id, {**resource.body, "properties": properties})
        ended = iso(self._clock.now())
        self._save(replace(operation, status="Failed" if failed else "Succeeded", ended=ended))

    def _save(self, operation: Operation) -> None:
        self._store.forget(UNDER_WAY)
        self._store.database.execute(
            "INSERT OR REPLACE INTO operations (id, resource, status, due, reads, body) VALUES (?,?,?,?,?,?)",
            (
                operation.id,
                operation.resource.lower(),
                operation.status,
                operation.due,
                operation.reads,
                json.dumps(vars(operation)),
            ),
        )


def accepted(operation: Operation, status: int, body: Any = None) -> Reply:
    """The answer that starts polling: 200/201 with Azure-AsyncOperation, 202 with Location as well."""
    headers = {
        "Azure-AsyncOperation": operation.url,
        "x-ms-async-operation-timeout": "PT1H",
        **operation.again,
    }
    if operation.kind == "jobs":  # the end of one is polled at its result only
        del headers["Azure-AsyncOperation"]
    if status == 202:
        if operation.location:
            headers["Location"] = operation.location
        if body is None and operation.kind.lower() in NULL_ANSWERS:
            body, headers["Content-Type"] = b"null", "application/json; charset=utf-8"
    return Reply(status, body, headers)


def _operation(row: tuple[str, str, float, int]) -> Operation:
    return Operation(**{**json.loads(row[0]), "status": row[1], "due": row[2], "reads": row[3]})


def _again(milliseconds: str) -> dict[str, str]:
    """`Retry-After` counts in whole seconds; for less Azure has a header of its own, which azure-core reads too."""
    return {"x-ms-retry-after-ms": milliseconds} if milliseconds else {"Retry-After": RETRY_AFTER}


def _scope(subscription: str, location: str) -> str:
    return f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}"
