"""The calls on leases of blobs and of containers (`lease` decides). A lease changes neither ETag nor time of change."""

from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blob, blobs, lease
from azureml_emulator.services.storage.blob_protocol import (
    changed,
    check_conditions,
    container_lease,
    container_stamps,
    require_container,
    storage_call,
)
from azureml_emulator.services.storage.lease import Action, Lease, Wanted

STATUS = {Action.ACQUIRE: 201, Action.BREAK: 202}  # the others: 200


@storage_call("w")
def on_blob(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=lease of a blob."""
    address, found = blob.require(request, emulator)
    check_conditions(request, found.etag, found.modified, reading=False)
    wanted = lease.asked(request.headers)
    held = lease.after(found.lease, wanted, emulator.clock.now())
    return _answer(emulator, wanted, held, changed(blobs.keep(emulator, address, lease=held)))


@storage_call("w")
def on_container(request: Request, emulator: Emulator) -> Reply:
    """PUT ?restype=container&comp=lease."""
    found = require_container(request, emulator)
    check_conditions(request, found.body["etag"], found.body["modified"], reading=False)
    wanted = lease.asked(request.headers)
    held = lease.after(container_lease(found), wanted, emulator.clock.now())
    emulator.store.update(found.id, {**found.body, "lease": vars(held)})
    return _answer(emulator, wanted, held, container_stamps(found))


def _answer(emulator: Emulator, wanted: Wanted, held: Lease, stamps: dict[str, str]) -> Reply:
    headers = {name: text for name, text in stamps.items() if name in ("ETag", "Last-Modified")}
    if wanted.action is Action.BREAK:
        headers["x-ms-lease-time"] = str(held.seconds_left(emulator.clock.now()))
    elif held.id:
        headers["x-ms-lease-id"] = held.id
    return Reply(STATUS.get(wanted.action, 200), None, headers)
