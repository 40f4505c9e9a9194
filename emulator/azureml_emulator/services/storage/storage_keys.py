"""Keys, shared key signatures and shared access signatures of storage accounts.

It must not know blobs or HTTP replies. An account's key is derived from its name, so it is known to every process and
plainly no secret. Source: "Authorize with Shared Key" and "Create a service SAS" / "account SAS" of Azure Storage.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlencode

from azureml_emulator.core.clock import parse

SAS_VERSION = "2021-12-02"
_MISMATCH = "This request is not authorized to perform this operation using this {}."
MISMATCHES = {
    "AuthorizationPermissionMismatch": _MISMATCH.format("permission"),
    "AuthorizationResourceTypeMismatch": _MISMATCH.format("resource type"),
    "AuthorizationServiceMismatch": _MISMATCH.format("service"),
}
CLOCK_SKEW = timedelta(minutes=15)  # a start may lie so far ahead
_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
_RESPONSE_HEADERS = ("rscc", "rscd", "rsce", "rscl", "rsct")
_DELEGATION = ("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid")


def account_key(account: str) -> str:
    """The base64 key of 64 bytes of an account."""
    return base64.b64encode(hashlib.sha512(f"emulated storage account {account}".encode()).digest()).decode()


def delegation_key(object_id: str, start: str, expiry: str) -> str:
    """The key that `Get User Delegation Key` gives for these signed fields."""
    return base64.b64encode(hashlib.sha256(f"delegation {object_id} {start} {expiry}".encode()).digest()).decode()


def sas(account: str, container: str, name: str = "", *, permissions: str, hours: float = 1.0) -> str:
    """A service SAS query string for a blob, or for its whole container when `name` is empty.

    Its times are real ones, like those of tokens: clients make signatures by their own clock.
    """
    now = datetime.now(UTC)
    query = {
        "sv": SAS_VERSION,
        "sr": "b" if name else "c",
        "st": _moment(now - timedelta(minutes=10)),
        "se": _moment(now + timedelta(hours=hours)),
        "sp": permissions,
        "spr": "https",
    }
    query["sig"] = _sign(
        account_key(account), _service_text(query, account, f"/{container}/{name}" if name else f"/{container}")
    )
    return urlencode(query)


def account_sas(
    account: str, *, services: str, resources: str, permissions: str, hours: float, key: str | None = None
) -> str:
    """An account SAS query string: for every container of the account, for the stated services and kinds of resource.

    `services`: letters of b(lob), f(ile), q(ueue), t(able); `resources`: letters of s(ervice), c(ontainer), o(bject).
    Signed with the account's own key unless another is stated, which opens nothing if it is not the account's.
    Raises ValueError for a key that is not base64.
    """
    query = {
        "sv": SAS_VERSION,
        "se": _moment(datetime.now(UTC) + timedelta(hours=hours)),
        "srt": resources,
        "ss": services,
        "sp": permissions,
    }
    query["sig"] = _sign(key or account_key(account), _account_text(query, account))
    return urlencode(query)


def shared_key_fits(
    authorization: str, account: str, method: str, headers: Mapping[str, str], raw_path: str, query: Mapping[str, str]
) -> bool:
    """Whether an `Authorization: SharedKey account:signature` header is right for this request."""
    stated, _, signature = authorization.partition(" ")[2].partition(":")
    if stated != account:
        return False
    lines = [headers.get(name, "") for name in _SIGNED_HEADERS]
    lines[2] = "" if lines[2] == "0" else lines[2]
    resource = f"/{account}{raw_path.split('?', maxsplit=1)[0]}" + "".join(
        f"\n{name.lower()}:{query[name]}" for name in sorted(query)
    )
    extra = [(name.lower(), value) for name, value in headers.items() if name.startswith("x-ms-")]
    # the service compares names word-wise, which differs from plain order where one name goes on with a hyphen
    orders = (sorted(extra), sorted(extra, key=lambda item: item[0].replace("-", "")))
    for order in orders:
        text = "\n".join([method, *lines]) + "\n" + "".join(f"{name}:{value}\n" for name, value in order) + resource
        if hmac.compare_digest(_sign(account_key(account), text), signature):
            return True
    return False


def sas_problem(query: Mapping[str, str], account: str, container: str, name: str, needed: str) -> str | None:
    """Why a SAS does not allow this, in the service's words, or None. `needed`: letters of which one must be granted.

    One of `MISMATCHES` stands for a signature that is right but grants something else.
    """
    now = datetime.now(UTC)
    try:
        start, expiry = (parse(query[part]) if query.get(part) else now for part in ("st", "se"))
    except ValueError:
        return "Expiry time or start time is not in the right form."
    if now > expiry or now + CLOCK_SKEW < start:
        times = f"Start [{query.get('st', '')}] - Expiry [{query.get('se', '')}] - Current [{_moment(now)}]"
        return f"Signature not valid in the specified time frame: {times}"
    if "ss" in query:
        key, text = account_key(account), _account_text(query, account)
        fits = hmac.compare_digest(_sign(key, text), query["sig"])
    else:
        fits = any(_service_fits(query, account, path) for path in _scopes(query.get("sr", ""), container, name))
    if not fits:
        return "Signature did not match."
    if "ss" in query and "b" not in query["ss"]:
        return "AuthorizationServiceMismatch"
    if "ss" in query and _kind_of(container, name) not in query.get("srt", ""):
        return "AuthorizationResourceTypeMismatch"
    if not set(needed) & set(query.get("sp", "")):
        return "AuthorizationPermissionMismatch"
    return None


def _kind_of(container: str, name: str) -> str:
    """The kind of resource that a call is about, as the letters of an account SAS name it."""
    if name:
        return "o"
    return "c" if container else "s"


def _scopes(kind: str, container: str, name: str) -> list[str]:
    if kind == "c":
        return [f"/{container}"]
    if kind == "d":
        parts = name.split("/")
        return [f"/{container}/{'/'.join(parts[:depth])}" for depth in range(len(parts), 0, -1)]
    return [f"/{container}/{name}"]


def _service_fits(query: Mapping[str, str], account: str, path: str) -> bool:
    if "skoid" in query:
        key = delegation_key(query["skoid"], query.get("skt", ""), query.get("ske", ""))
    else:
        key = account_key(account)
    return hmac.compare_digest(_sign(key, _service_text(query, account, unquote(path))), query["sig"])


def _service_text(query: Mapping[str, str], account: str, path: str) -> str:
    version = query.get("sv", "")
    who = [query.get(name, "") for name in _DELEGATION] if "skoid" in query else [query.get("si", "")]
    if "skoid" in query and version >= "2025-07-05":
        who += [query.get("skdutid", ""), query.get("sduoid", "")]
    lines = [
        *(query.get(part, "") for part in ("sp", "st", "se")),
        f"/blob/{account}{path}",
        *who,
        *(query.get(part, "") for part in ("sip", "spr", "sv", "sr", "snapshot")),
        *([query.get("ses", "")] if version >= "2020-12-06" else []),
        *(["", ""] if "skoid" in query and version >= "2026-04-06" else []),
        *(query.get(part, "") for part in _RESPONSE_HEADERS),
    ]
    return "\n".join(lines)


def _account_text(query: Mapping[str, str], account: str) -> str:
    parts = [
        "sp",
        "ss",
        "srt",
        "st",
        "se",
        "sip",
        "spr",
        "sv",
        *(["ses"] if query.get("sv", "") >= "2020-12-06" else []),
    ]
    return account + "\n" + "".join(query.get(part, "") + "\n" for part in parts)


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)).decode()


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
