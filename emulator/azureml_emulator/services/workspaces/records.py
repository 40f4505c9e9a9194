"""What the resources of a workspace share that are kept as they are said and do nothing by themselves.

It must not know one kind; `Records` is told by its fields and hooks. PUT answers with an operation where `slow`.
Source: Microsoft.MachineLearningServices (ARM), as the management client of azure-ai-ml calls it.
"""

from collections.abc import Iterable
from typing import ClassVar

from azureml_emulator.core import arm, partial
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.operations import Effect, Operation, accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.http.routing import Route
from azureml_emulator.services.workspaces import scope


class Records:
    """The handlers of one kind of resource below a workspace, or below `above` of it."""

    plural = ""  # as in the path
    above: "Records | None" = None  # what it is part of, named {name} in the route; it is {child} then
    slow = True  # whether PUT and DELETE are long-running operations
    created = 201  # what a PUT of a new one answers
    replaced = (200, "Updating")  # what a slow PUT of one that was there answers, and its state until it is done
    waits = True  # whether one that is being changed cannot be changed again
    empty: ClassVar[Json] = {}  # properties that are shown though nobody set them
    secret: ClassVar[tuple[str, ...]] = ()  # properties that a GET never shows
    patched: ClassVar[tuple[str, ...]] = ()  # what a PATCH changes, as `partial.changes` takes it; none: no such call

    def patched_at(self, api_version: str) -> tuple[str, ...]:
        """What a PATCH changes at an API version."""
        return self.patched

    def complete(self, request: Request, emulator: Emulator, stated: Json, before: Resource | None) -> Json:
        """The properties to keep, checked and completed. Raises 400."""
        return stated

    def selected(self, request: Request, found: Iterable[Resource]) -> Iterable[Resource]:
        """Those that the query of a listing asks for."""
        return found

    def list_all(self, request: Request, emulator: Emulator) -> Reply:
        """GET all of this kind."""
        holder = self._holder(request, emulator)
        return arm.page(request, self.selected(request, emulator.store.children(holder.id, self.plural)), self.show)

    def get(self, request: Request, emulator: Emulator) -> Reply:
        """GET one."""
        return Reply(200, self.show(self.require(request, emulator)))

    def put(self, request: Request, emulator: Emulator) -> Reply:
        """PUT one: made, or replaced."""
        holder, body = self._holder(request, emulator), request.json()
        name = self._name(request)
        before = emulator.store.get(self.id_of(holder, name))
        if before and self.waits and emulator.operations.pending(before.id):
            raise ServiceError(409, "Conflict", f"{name} is being changed; wait until that has ended.")
        properties = {**self.empty, **self.complete(request, emulator, body.get("properties") or {}, before)}
        made = self._keep(emulator, holder, name, body, properties, before)
        if not self.slow:
            return Reply(200 if before else self.created, self.show(made))
        return accepted(self._operation(request, emulator, made), self.replaced[0] if before else 201, self.show(made))

    def patch(self, request: Request, emulator: Emulator) -> Reply:
        """PATCH what `patched` names."""
        found = self.require(request, emulator)
        body = partial.changes(request, found.body, self.patched_at(request.query.get("api-version", "")))
        stated = {**found.body["properties"], **(body.get("properties") or {})}
        properties = self.complete(request, emulator, stated, found)
        tags = body["tags"] if body.get("tags") is not None else found.body.get("tags")
        given = {key: body[key] for key in ("identity", "sku") if body.get(key) is not None}
        emulator.store.update(found.id, {**found.body, **given, "tags": tags, "properties": properties})
        made = self.require(request, emulator)
        if not self.slow:
            return Reply(200, self.show(made))
        return accepted(self._operation(request, emulator, made), 202, self.show(made))

    def delete(self, request: Request, emulator: Emulator) -> Reply:
        """DELETE one with all below it; 204 when it is not there."""
        found = emulator.store.get(self.id_of(self._holder(request, emulator), self._name(request)))
        if found is None:
            return Reply(204)
        self.check_deletion(emulator, found)
        if not self.slow:
            emulator.store.delete(found.id)
            return Reply(200)
        return accepted(self._operation(request, emulator, found, effect="delete"), 202)

    def check_deletion(self, emulator: Emulator, found: Resource) -> None:
        """Raises what forbids it."""

    def require(self, request: Request, emulator: Emulator) -> Resource:
        """The one that a route names. Raises 404."""
        holder = self._holder(request, emulator)
        found = emulator.store.get(self.id_of(holder, self._name(request)))
        if found is None:
            below = holder.id.split(f"/{arm.PROVIDER}/", 1)[1]
            raise scope.not_found(f"{below}/{self.plural}/{self._name(request)}", request.params["rg"])
        return found

    def show(self, resource: Resource) -> Json:
        """As it is answered, without secrets."""
        kinds = resource.id.split(f"/{arm.PROVIDER}/", 1)[1].split("/")[::2]
        shown = arm.envelope(resource, "/".join(kinds))
        kept = {key: value for key, value in shown["properties"].items() if key not in self.secret}
        return {**shown, "properties": kept}

    def id_of(self, holder: Resource, name: str) -> str:
        """The ARM id."""
        return f"{holder.id}/{self.plural}/{name}"

    def _holder(self, request: Request, emulator: Emulator) -> Resource:
        return self.above.require(request, emulator) if self.above else scope.require(request, emulator)

    def _name(self, request: Request) -> str:
        return request.params["child" if self.above else "name"]

    def _keep(
        self, emulator: Emulator, holder: Resource, name: str, body: Json, properties: Json, before: Resource | None
    ) -> Resource:
        settled = self.replaced[1] if before else "Creating"
        whole: Json = {
            "properties": {**properties, "provisioningState": settled if self.slow else "Succeeded"},
            "systemData": arm.system_data(emulator.clock, before),
        }
        for field in ("location", "tags", "kind", "sku", "identity"):
            if body.get(field) is not None:
                whole[field] = body[field]
        return emulator.store.put(self.id_of(holder, name), whole, parent=holder.id, kind=self.plural, name=name)

    def _operation(self, request: Request, emulator: Emulator, found: Resource, effect: Effect = "settle") -> Operation:
        where = scope.location(scope.require(request, emulator))
        return emulator.operations.start(found.id, self.plural, effect=effect, request=request, location=where)


def one_by_one(kind: Records, path: str) -> tuple[Route, ...]:
    """The calls on one resource that is kept as said."""
    calls = [("GET", kind.get), ("PUT", kind.put), ("DELETE", kind.delete)]
    calls += [("PATCH", kind.patch)] if kind.patched else []
    return tuple(Route(arm.HOST, method, path, handler) for method, handler in calls)
