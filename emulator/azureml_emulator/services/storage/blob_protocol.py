"""What every call of the storage service shares: who may call, conditions on ETags and times, and errors in XML.

It must not know one operation.
Source: the Blob service REST API (Azure Storage), as azure-storage-blob 12 speaks it.
"""

import asyncio
import functools
import os
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from azureml_emulator.core import clouds, defaults
from azureml_emulator.core.clock import parse
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import LARGE, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.entra import authorize as entra_authorize
from azureml_emulator.services.entra.actions import of_blob
from azureml_emulator.services.entra.tokens import Principal, claims_of
from azureml_emulator.services.storage import storage, storage_keys
from azureml_emulator.services.storage.blobs import Blob
from azureml_emulator.services.storage.lease import NONE, Lease
from azureml_emulator.services.storage.places import StorageOwner

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

VERSION = "2025-05-05"  # answered when a client names none
_METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Handler = Callable[[Request, Emulator], Reply]
_AUDIENCES = ("https://storage.azure.com", "https://storage.azure.com/")


def storage_call(needed: str) -> Callable[[Handler], Handler]:
    """A handler of the storage service: checked for a credential that grants one of `needed`, errors as XML."""

    def wrap(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def call(request: Request, emulator: Emulator) -> Reply:
            try:
                authorize(request, emulator, needed)
                reply = handler(request, emulator)
            except ServiceError as error:
                reply = xml_error(error, emulator)
            common = {"x-ms-version": request.headers.get("x-ms-version", VERSION)}
            if "x-ms-client-request-id" in request.headers:
                common["x-ms-client-request-id"] = request.headers["x-ms-client-request-id"]
            return Reply(reply.status, reply.body, {**common, **reply.headers})

        return call

    return wrap


def hashed(handler: Handler) -> Callable[[Request, Emulator], Awaitable[Reply]]:
    """A handler that needs the MD5 of the body: of a large one a thread finds it, while other calls are read."""

    @functools.wraps(handler)
    async def call(request: Request, emulator: Emulator) -> Reply:
        if len(request.body) > LARGE:
            await asyncio.get_running_loop().run_in_executor(emulator.part(_hashers), getattr, request, "md5")
        with emulator.transaction():
            return handler(request, emulator)

    return call


def _hashers(emulator: Emulator) -> "ThreadPoolExecutor":
    """Half of the processors hash, the others read and send: more threads would only take turns on them."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2))
    emulator.ends.callback(pool.shutdown)
    return pool


def authorize(request: Request, emulator: Emulator, needed: str) -> None:
    """Accept a shared key, a SAS or a token; refuse as the service does when there is none, or a wrong one."""
    account, query, header = request.params["account"], request.query, request.headers.get("authorization", "")
    scheme = header.partition(" ")[0].lower()
    if scheme == "sharedkey":
        path, headers = request.raw_path or request.path, request.headers
        ours = _is_ours(emulator, account)
        if ours and not storage_keys.shared_key_fits(header, account, request.method, headers, path, query):
            raise _refused("The MAC signature found in the HTTP request is not the same as any computed signature.")
    elif scheme == "bearer":
        caller = _check_token(header.partition(" ")[2], account)
        entra_authorize.demand(emulator, caller, of_blob(request.method, _scope(emulator, account)))
    elif "sig" in query:
        container, name = request.params.get("container", ""), request.params.get("blob", "")
        problem = (
            storage_keys.sas_problem(query, account, container, name, needed) if _is_ours(emulator, account) else None
        )
        if problem in storage_keys.MISMATCHES:
            raise ServiceError(403, problem, storage_keys.MISMATCHES[problem])
        if problem:
            raise _refused(problem)
    elif "x-ms-version" in request.headers:
        text = (
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
        )
        tenant = clouds.here(f"https://login.microsoftonline.com/{defaults.TENANT_ID}/oauth2/authorize")
        challenge = f"Bearer authorization_uri={tenant} resource_id=https://storage.azure.com"
        raise ServiceError(401, "NoAuthenticationInformation", text, headers={"WWW-Authenticate": challenge})
    else:
        raise ServiceError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")


def require_container(request: Request, emulator: Emulator) -> Resource:
    """The container that a path names. Raises 404."""
    found = emulator.store.get(storage.container_id(request.params["account"], request.params["container"]))
    if found is None:
        raise ServiceError(404, "ContainerNotFound", "The specified container does not exist.")
    return found


def check_conditions(request: Request, etag: str | None, modified: str | None, *, reading: bool) -> None:
    """If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since. `etag` is None when there is no such blob."""
    headers = request.headers
    unmet = ServiceError(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
    if "if-match" in headers and not _matches(headers["if-match"], etag):
        raise unmet
    if "if-none-match" in headers and _matches(headers["if-none-match"], etag):
        if reading:
            raise ServiceError(304, "ConditionNotMet", unmet.message)
        if headers["if-none-match"].strip() == "*":
            raise ServiceError(409, "BlobAlreadyExists", "The specified blob already exists.")
        raise unmet
    if modified is None:
        return
    at = parse(modified).replace(microsecond=0)
    if "if-modified-since" in headers and at <= _date(headers, "if-modified-since"):
        raise ServiceError(304, "ConditionNotMet", unmet.message) if reading else unmet
    if "if-unmodified-since" in headers and at > _date(headers, "if-unmodified-since"):
        raise unmet


def _date(headers: Mapping[str, str], name: str) -> datetime:
    try:
        found = parsedate_to_datetime(headers[name])
    except ValueError as error:
        text = "The value for one of the HTTP headers is not in the correct format."
        raise ServiceError(400, "InvalidHeaderValue", text) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def metadata_of(request: Request) -> dict[str, str]:
    """The `x-ms-meta-*` headers: names keep their spelling. Raises 400 for one that is no C# identifier, or empty."""
    found: dict[str, str] = {}
    for header, value in request.headers.items():
        if not header.lower().startswith("x-ms-meta-"):
            continue
        name = header[len("x-ms-meta-") :]
        if not name:
            text = "The key for one of the metadata key-value pairs is empty."
            raise ServiceError(400, "EmptyMetadataKey", text)
        if not _METADATA_NAME.fullmatch(name):
            text = "The metadata specified is invalid. It has characters that are not permitted."
            raise ServiceError(400, "InvalidMetadata", text)
        found[name] = value
    return found


def http_date(stamp: str) -> str:
    """A stored time as a header states it."""
    return format_datetime(parse(stamp), usegmt=True)


def container_lease(found: Resource) -> Lease:
    """The lease on a container."""
    return Lease(**found.body["lease"]) if found.body.get("lease") else NONE


def container_stamps(found: Resource) -> dict[str, str]:
    """The headers that say when a container was changed last."""
    return {"ETag": found.body["etag"], "Last-Modified": http_date(found.body["modified"])}


def check_lease(request: Request, emulator: Emulator, lease: Lease, what: str, *, reading: bool) -> None:
    """The lease id of a request on a blob or a container. Raises a 412."""
    stated, now = request.headers.get("x-ms-lease-id", ""), emulator.clock.now()
    if not reading:
        lease.check_write(stated, now, what)
    elif stated:
        lease.check_read(stated, now, what)


def changed(blob: Blob) -> dict[str, str]:
    """The headers of an answer to a write."""
    return {"ETag": blob.etag, "Last-Modified": http_date(blob.modified), "x-ms-request-server-encrypted": "true"}


def element(name: str, text: object) -> str:
    """One XML element with escaped text."""
    return f"<{name}>{escape(str(text))}</{name}>"


def xml(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """An XML answer."""
    content = f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()
    return Reply(status, content, {"Content-Type": "application/xml", **(headers or {})})


def xml_error(error: ServiceError, emulator: Emulator) -> Reply:
    """An error in the service's envelope; a 304 has no body."""
    headers = {"x-ms-error-code": error.code, **error.headers}
    if error.status == 304:
        return Reply(304, None, headers)
    text = f"{error.message}\nRequestId:{uuid.uuid4()}\nTime:{emulator.clock.stamp()}"
    return xml(f"<Error>{element('Code', error.code)}{element('Message', text)}</Error>", error.status, headers)


def _matches(wanted: str, etag: str | None) -> bool:
    if etag is None:
        return False
    return wanted.strip() == "*" or etag.strip('"') in [one.strip().strip('"') for one in wanted.split(",")]


def _is_ours(emulator: Emulator, account: str) -> bool:
    """Whether an account belongs to a workspace here; the keys of others are not known, so not checked."""
    if account == defaults.STORAGE_ACCOUNT:
        return True
    return any(StorageOwner.read(one).account == account for one in emulator.store.every("workspaces"))


def _check_token(token: str, account: str) -> Principal:
    try:
        claims = claims_of(token)
    except ValueError:
        raise ServiceError(
            401, "InvalidAuthenticationInfo", "Authentication information is not given in the correct format."
        ) from None
    if float(claims.get("exp", 0)) < time.time():
        raise ServiceError(401, "InvalidAuthenticationInfo", "Lifetime validation failed. The token is expired.")
    own = clouds.here(f"https://{account}.blob.core.windows.net")
    if claims.get("aud") not in (*_AUDIENCES, own, f"{own}/"):
        raise ServiceError(
            401, "InvalidAuthenticationInfo", f"Audience validation failed. Audience: '{claims.get('aud')}'."
        )
    return Principal(str(claims.get("appid", "")), str(claims.get("oid", "")))


def _scope(emulator: Emulator, account: str) -> str:
    """The resource id of a storage account, as its workspace names it."""
    stated = (StorageOwner.read(one).storage for one in emulator.store.every("workspaces"))
    own = next((id for id in stated if id.rpartition("/")[2].lower() == account.lower()), None)
    return own or f"/providers/Microsoft.Storage/storageAccounts/{account}"


def _refused(detail: str) -> ServiceError:
    text = (
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        f"including the signature. AuthenticationErrorDetail: {detail}"
    )
    return ServiceError(403, "AuthenticationFailed", text)
