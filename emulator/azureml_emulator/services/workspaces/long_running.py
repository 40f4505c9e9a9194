"""The URLs that a long-running operation is polled at, for every kind of resource.

It must not know what an operation changes. Source: ARM's asynchronous operations contract; the services of workspaces
and of registries tell its status from its result by the query.
"""

from azureml_emulator.core import arm
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator

_STATUS_OF = {"BadRequest": 400, "Conflict": 409, "ResourceNotFound": 404, "InternalServerError": 500}


def status(request: Request, emulator: Emulator) -> Reply:
    """GET the URL of `Azure-AsyncOperation`: 200 with the status, whatever it is."""
    operation = emulator.operations.read(request.params["id"])
    waiting = operation.again if operation.status == "InProgress" else {}
    return Reply(200, operation.body(), waiting)


def by_type(request: Request, emulator: Emulator) -> Reply:
    """GET an operation of workspaces or registries: its result with `type=location`, else its status."""
    return (result if request.query.get("type") == "location" else status)(request, emulator)


def result(request: Request, emulator: Emulator) -> Reply:
    """GET the URL of `Location`: 202 until the end, then the resource, 204 when it is gone, or the error.

    Of a job that was canceled it says nothing.
    """
    operation = emulator.operations.read(request.params["id"])
    if operation.status == "InProgress":
        body: dict[str, object] | None = (
            {} if operation.location and "mfeOperationResults" in operation.location else None
        )
        return Reply(202, body, {"Location": f"{request.url}?{request.query_string}", **operation.again})
    if operation.status == "Failed" and operation.error:
        code = str(operation.error["code"])
        raise ServiceError(_STATUS_OF.get(code, 400), code, str(operation.error["message"]))
    if operation.answer is not None:
        return Reply(200, operation.answer)
    found = emulator.store.get(operation.resource)
    if found is None or operation.effect == "delete":
        return Reply(204)
    if operation.kind == "jobs":  # one that was canceled
        return Reply(200)
    kinds = found.id.split(f"/providers/{arm.PROVIDER}/")[-1].split("/")[::2]
    return Reply(200, arm.envelope(found, "/".join(kinds)))
