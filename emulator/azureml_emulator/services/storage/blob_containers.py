"""The storage account and its containers: create, delete, properties, metadata, listings.

It must not read or write the content of a blob.
Source: the Blob service REST API, operations on the account and on containers.
"""

import base64
import itertools
import re
from collections.abc import Iterator
from datetime import datetime

from azureml_emulator.core import defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.storage import blob_tags, blob_tiers, blobs, storage, storage_keys
from azureml_emulator.services.storage.blob_protocol import (
    check_conditions,
    check_lease,
    container_lease,
    container_stamps,
    element,
    http_date,
    metadata_of,
    require_container,
    storage_call,
    xml,
)
from azureml_emulator.services.storage.blobs import Blob, BlobAddress
from azureml_emulator.services.storage.lease import Lease
from azureml_emulator.services.storage.pages import PAGE_BLOB

KIND = "blobContainers"
MOST_RESULTS = 5000
BASE = "~"  # in a mark: after all snapshots of a blob comes the blob itself
_NAME = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]|\$root|\$web|\$logs")


@storage_call("l")
def list_containers(request: Request, emulator: Emulator) -> Reply:
    """GET /?comp=list."""
    query, account = request.query, request.params["account"]
    prefix, marker = query.get("prefix", ""), unmark(query.get("marker", ""))
    found = sorted(of_account(emulator, account), key=lambda item: item.name)
    chosen = [item for item in found if item.name.startswith(prefix) and item.name >= marker]
    size = size_of(query)
    with_metadata = "metadata" in query.get("include", "")
    shown = "".join(_container_element(item, emulator.clock.now(), with_metadata) for item in chosen[:size])
    more = mark(chosen[size].name) if len(chosen) > size else ""
    head = f'<EnumerationResults ServiceEndpoint="https://{request.host}/">{element("Prefix", prefix)}'
    return xml(f"{head}<Containers>{shown}</Containers>{element('NextMarker', more)}</EnumerationResults>")


@storage_call("rl")
def account_properties(request: Request, emulator: Emulator) -> Reply:
    """GET ?comp=properties of the account (`restype=account`) or of its blob service."""
    if request.query.get("restype") == "account":
        headers = {"x-ms-sku-name": "Standard_LRS", "x-ms-account-kind": "StorageV2", "x-ms-is-hns-enabled": "false"}
        return Reply(200, None, headers)
    retention = "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>"
    logged = "".join(element(name, "false") for name in ("Delete", "Read", "Write"))
    logging = f"<Logging><Version>1.0</Version>{logged}{retention}</Logging>"
    metrics = "".join(
        f"<{name}><Version>1.0</Version><Enabled>false</Enabled>{retention}</{name}>"
        for name in ("HourMetrics", "MinuteMetrics")
    )
    rest = "<Cors/><DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"
    return xml(f"<StorageServiceProperties>{logging}{metrics}{rest}</StorageServiceProperties>")


@storage_call("")
def user_delegation_key(request: Request, emulator: Emulator) -> Reply:
    """POST ?restype=service&comp=userdelegationkey: a key to sign a SAS with. Only for a token."""
    if not request.headers.get("authorization", "").lower().startswith("bearer"):
        text = "Only authentication scheme Bearer is supported for this operation."
        raise ServiceError(403, "AuthenticationFailed", text)
    asked = dict(re.findall(r"<(Start|Expiry)>([^<]*)</", request.body.decode("utf-8", "replace")))
    start, expiry = asked.get("Start", ""), asked.get("Expiry", "")
    signed = {
        "SignedOid": defaults.OBJECT_ID,
        "SignedTid": defaults.TENANT_ID,
        "SignedStart": start,
        "SignedExpiry": expiry,
        "SignedService": "b",
        "SignedVersion": request.headers.get("x-ms-version", storage_keys.SAS_VERSION),
        "Value": storage_keys.delegation_key(defaults.OBJECT_ID, start, expiry),
    }
    return xml(
        "<UserDelegationKey>" + "".join(element(name, text) for name, text in signed.items()) + "</UserDelegationKey>"
    )


@storage_call("cw")
def create(request: Request, emulator: Emulator) -> Reply:
    """PUT ?restype=container."""
    account, name = request.params["account"], request.params["container"]
    if not _NAME.fullmatch(name):
        raise ServiceError(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
    if emulator.store.get(storage.container_id(account, name)):
        raise ServiceError(409, "ContainerAlreadyExists", "The specified container already exists.")
    storage.ensure_container(emulator, account, name)
    found = require_container(request, emulator)
    emulator.store.update(found.id, {**found.body, "metadata": metadata_of(request)})
    return Reply(201, None, container_stamps(found))


@storage_call("d")
def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE ?restype=container, with all its blobs."""
    found = require_container(request, emulator)
    check_lease(request, emulator, container_lease(found), "Container", reading=False)
    check_conditions(request, found.body["etag"], found.body["modified"], reading=False)
    place = BlobAddress(request.params["account"], request.params["container"])
    blobs.delete_all(emulator, place)
    emulator.store.delete(found.id)
    return Reply(202)


@storage_call("rl")
def properties(request: Request, emulator: Emulator) -> Reply:
    """GET or HEAD ?restype=container, also with comp=metadata."""
    found = require_container(request, emulator)
    check_lease(request, emulator, container_lease(found), "Container", reading=True)
    lease = container_lease(found).shown(emulator.clock.now())
    headers = {**container_stamps(found), **{f"x-ms-lease-{name}": text for name, text in lease.items()}}
    headers |= {"x-ms-has-immutability-policy": "false", "x-ms-has-legal-hold": "false"}
    return Reply(200, None, {**headers, **{f"x-ms-meta-{name}": text for name, text in found.body["metadata"].items()}})


@storage_call("w")
def set_metadata(request: Request, emulator: Emulator) -> Reply:
    """PUT ?restype=container&comp=metadata."""
    found = require_container(request, emulator)
    check_lease(request, emulator, container_lease(found), "Container", reading=True)
    check_conditions(request, found.body["etag"], found.body["modified"], reading=False)
    changes = {"metadata": metadata_of(request), "etag": blobs.new_etag(), "modified": emulator.clock.stamp()}
    emulator.store.update(found.id, {**found.body, **changes})
    return Reply(200, None, container_stamps(require_container(request, emulator)))


@storage_call("r")
def access_policy(request: Request, emulator: Emulator) -> Reply:
    """GET ?restype=container&comp=acl: private, no stored policies."""
    return xml("<SignedIdentifiers/>", headers=container_stamps(require_container(request, emulator)))


@storage_call("l")
def list_blobs(request: Request, emulator: Emulator) -> Reply:
    """GET ?restype=container&comp=list: names in byte order, folded at `delimiter` into prefixes."""
    require_container(request, emulator)
    query = request.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    place = BlobAddress(request.params["account"], request.params["container"], prefix)
    include = frozenset(query.get("include", "").split(","))
    entries = _entries(emulator, place, delimiter, unmark(query.get("marker", "")), "snapshots" in include)
    size = size_of(query)
    shown = list(itertools.islice(entries, size + 1))
    more = shown.pop() if len(shown) > size else None
    body = "".join(
        f"<BlobPrefix>{element('Name', entry)}</BlobPrefix>"
        if isinstance(entry, str)
        else _blob_element(emulator, entry, include)
        for entry in shown
    )
    asked = "".join(
        element(name, query[name.lower()])
        for name in ("Prefix", "Marker", "MaxResults", "Delimiter")
        if query.get(name.lower())
    )
    head = f'<EnumerationResults ServiceEndpoint="https://{request.host}/" ContainerName="{place.container}">{asked}'
    next_name = more if isinstance(more, str) else f"{more.name}\0{more.snapshot or BASE}" if more else ""
    return xml(f"{head}<Blobs>{body}</Blobs>{element('NextMarker', mark(next_name))}</EnumerationResults>")


def _entries(
    emulator: Emulator, place: BlobAddress, delimiter: str, after: str, with_snapshots: bool
) -> Iterator[Blob | str]:
    """Blobs, each after its snapshots, and once each the prefixes that blobs below a delimiter share."""
    folded, (first, _, snapshot) = None, after.partition("\0")
    for blob in blobs.walk(emulator, place, after=first):
        rest = blob.name[len(place.name) :]
        cut = rest.find(delimiter) if delimiter else -1
        if cut < 0:
            if with_snapshots:
                taken = blobs.snapshots(emulator, place._replace(name=blob.name))
                yield from (one for one in taken if blob.name != first or one.snapshot >= snapshot)
            yield blob
            continue
        shared = place.name + rest[: cut + len(delimiter)]
        if shared != folded:
            folded = shared
            yield shared


def _container_element(found: Resource, now: datetime, with_metadata: bool) -> str:
    said = element("Last-Modified", http_date(found.body["modified"])) + element("Etag", found.body["etag"].strip('"'))
    lease = "".join(element(name, text) for name, text in _lease_elements(container_lease(found), now).items())
    metadata = _metadata_element(found.body["metadata"]) if with_metadata else ""
    return f"<Container>{element('Name', found.name)}<Properties>{said}{lease}</Properties>{metadata}</Container>"


def _blob_element(emulator: Emulator, blob: Blob, include: frozenset[str]) -> str:
    now = emulator.clock.now()
    said = {
        "Creation-Time": http_date(blob.created),
        "Last-Modified": http_date(blob.modified),
        "Etag": blob.etag.strip('"'),
        "Content-Length": blob.size,
        "Content-Type": blob.content_type,
        "Content-Encoding": blob.headers.get("content-encoding", ""),
        "Content-Language": blob.headers.get("content-language", ""),
        "Content-CRC64": "",
        "Content-MD5": blob.md5 or "",
        "Cache-Control": blob.headers.get("cache-control", ""),
        "Content-Disposition": blob.headers.get("content-disposition", ""),
        "BlobType": blob.kind,
    }
    if blob.kind == "BlockBlob":
        said |= {name.title().replace("-", ""): text for name, text in blob_tiers.shown(emulator, blob).items()}
    if blob.kind == PAGE_BLOB:
        said["x-ms-blob-sequence-number"] = blob.sequence
    said |= {**_lease_elements(blob.lease, now), "ServerEncrypted": "true"}
    if blob.tags:
        said["TagCount"] = len(blob.tags)
    properties = "".join(element(name, text) for name, text in said.items())
    taken = element("Snapshot", blob.snapshot) if blob.snapshot else ""
    more = _metadata_element(blob.metadata) if "metadata" in include else ""
    if "tags" in include and blob.tags:
        more += f"<Tags>{blob_tags.tag_set(blob.tags)}</Tags>"
    return f"<Blob>{element('Name', blob.name)}{taken}<Properties>{properties}</Properties>{more}<OrMetadata/></Blob>"


def _lease_elements(lease: Lease, now: datetime) -> dict[str, str]:
    return {f"Lease{name.title()}": text for name, text in lease.shown(now).items()}


def _metadata_element(metadata: dict[str, str]) -> str:
    return "<Metadata>" + "".join(element(name, text) for name, text in metadata.items()) + "</Metadata>"


def of_account(emulator: Emulator, account: str) -> Iterator[Resource]:
    """The containers of an account."""
    return emulator.store.children(f"/storage/{account}", KIND)


def size_of(query: dict[str, str]) -> int:
    """How many a listing gives at once."""
    text = query.get("maxresults", str(MOST_RESULTS))
    if not text.isdecimal() or int(text) < 1:
        raise ServiceError(
            400,
            "OutOfRangeQueryParameterValue",
            "A query parameter specified in the request URI is outside the permissible range.",
        )
    return min(int(text), MOST_RESULTS)


def mark(name: str) -> str:
    """Where a listing goes on, as its marker."""
    return base64.urlsafe_b64encode(name.encode()).decode() if name else ""


def unmark(marker: str) -> str:
    """What a marker says. Raises a 400."""
    try:
        return base64.urlsafe_b64decode(marker).decode()
    except ValueError:
        raise ServiceError(
            400, "InvalidQueryParameterValue", "Value for the query parameter marker is invalid."
        ) from None
