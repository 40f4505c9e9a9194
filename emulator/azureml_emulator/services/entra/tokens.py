"""JSON Web Tokens as this emulator signs them, and what a service asks of the one it is shown.

Tokens are signed with a key of this process: clients decode them, nobody verifies them but us.
It must not know who may do what (`roles`).
"""

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import jwt

from azureml_emulator.core import clouds, defaults
from azureml_emulator.core.errors import ServiceError

MANAGEMENT = (
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
)
MACHINE_LEARNING = (*MANAGEMENT, "https://ml.azure.com", "https://ml.azure.com/")
_KEY = secrets.token_bytes(32)


@dataclass(frozen=True)
class Principal:
    """Whom a token is about: the application (client id) and its object in the tenant."""

    client: str
    object: str


def sign(claims: dict[str, Any]) -> str:
    """A JWT with these claims."""
    return jwt.encode(claims, _KEY, algorithm="HS256", headers={"kid": "emulator"})


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, not verified. Raises ValueError when it is none."""
    try:
        return dict(_decoded(token))
    except jwt.InvalidTokenError as error:
        raise ValueError("not a JWT") from error


@lru_cache(maxsize=256)
def _decoded(token: str) -> Mapping[str, Any]:
    """A client shows the same one with each call, for an hour."""
    return jwt.decode(token, options={"verify_signature": False})


@lru_cache(100)
def client_of(header: str) -> str:
    """The application that an Authorization header speaks for, unchecked; empty where it has no such token."""
    scheme, _, token = header.partition(" ")
    with suppress(ValueError):
        return str(claims_of(token.strip()).get("appid", "")) if scheme.lower() == "bearer" else ""
    return ""


def object_id(client: str) -> str:
    """The object that stands for an application in the tenant: always the same for the same client id."""
    return defaults.OBJECT_ID if client == defaults.CLIENT_ID else str(uuid5(NAMESPACE_URL, client.lower()))


def check(header: str, audiences: tuple[str, ...]) -> Principal:
    """Whom an Authorization header speaks for. Raises the 401 of Azure Resource Manager.

    Source: the codes of ARM's authentication (AuthenticationFailed, InvalidAuthenticationToken,
    InvalidAuthenticationTokenAudience, ExpiredAuthenticationToken).
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _refused("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    try:
        claims = claims_of(token.strip())
    except ValueError:
        raise _refused("InvalidAuthenticationToken", "The access token is invalid.") from None
    known = [clouds.here(one) for one in audiences]
    if claims.get("aud") not in known:
        allowed = ",".join(f"'{one}'" for one in known)
        text = (
            f"The access token has been obtained for wrong audience or resource '{claims.get('aud')}'. "
            f"It should exactly match with one of the allowed audiences {allowed}."
        )
        raise _refused("InvalidAuthenticationTokenAudience", text)
    now, end = time.time(), float(claims.get("exp", 0))
    if end <= now:
        text = f"The access token expiry UTC time '{_words(end)}' is earlier than current UTC time '{_words(now)}'."
        raise _refused("ExpiredAuthenticationToken", text)
    return Principal(str(claims.get("appid", "")), str(claims.get("oid", "")))


def _refused(code: str, text: str) -> ServiceError:
    authority = clouds.here(f"https://login.microsoftonline.com/{defaults.TENANT_ID}")
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{text}"'
    return ServiceError(401, code, text, headers={"WWW-Authenticate": challenge}, plain=True)


def _words(seconds: float) -> str:
    at = time.gmtime(seconds)
    return f"{at.tm_mon}/{at.tm_mday}/{at.tm_year} " + time.strftime("%I:%M:%S %p", at).lstrip("0")
