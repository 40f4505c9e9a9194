"""The errors of the services, in the envelopes that their clients parse.

It must not know any handler. Azure's envelope: facts from the ARM common error response and real AML answers
(`error.code/message/target/details/additionalInfo`).
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from azureml_emulator.core import clouds


class ServiceError(Exception):
    """An answer that is an error. `details` are nested errors of the same shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str | None = None,
        details: Sequence[dict[str, Any]] = (),
        headers: dict[str, str] | None = None,
        plain: bool = False,
        inner: Sequence[str] = (),
        worded: tuple[str, dict[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = list(details)
        self.headers = headers or {}
        self.inner = tuple(inner)  # codes that say more and more of the kind of error
        self.worded = worded  # the message before its parameters were put in, and they
        self.plain = plain  # of Azure Resource Manager itself, which answers code and message only

    def envelope(self) -> dict[str, Any] | None:
        """The body: `{"error": {code, message, target, details, additionalInfo}}`; target only where there is one."""
        if self.plain:
            return {"error": {"code": self.code, "message": self.message}}
        shown = error_object(self.code, self.message, self.target, self.details)
        return {"error": {**shown, "additionalInfo": _additional(self.inner, self.worded)}}


class SilentError(ServiceError):
    """A refusal with a status and no body."""

    def envelope(self) -> None:
        """Nothing is said."""


class AccountError(ServiceError):
    """A refusal of the service that keeps workspaces and connections, which has an envelope of its own."""

    says_status = True  # in its body; newer versions of the interface do
    component = "account-rp"

    def envelope(self) -> dict[str, Any]:
        """The body, in which every key is there."""
        nested = _nested(self.inner)
        text, parameters = self.worded or (None, None)
        return {
            "error": {
                "code": self.code,
                "severity": None,
                "message": self.message,
                "messageFormat": text,
                "messageParameters": parameters,
                **dict.fromkeys(("referenceCode", "detailsUri", "target")),
                "details": self.details,
                "innerError": nested,
                "debugInfo": None,
                "additionalInfo": None,
            },
            "correlation": _correlation(),
            "environment": clouds.location(),
            "location": clouds.location(),
            "time": datetime.now(UTC).isoformat(),
            "componentName": self.component,
            **({"statusCode": self.status} if self.says_status else {}),
        }


class FeedError(AccountError):
    """A refusal of the service that knows where registries are, in the same envelope."""

    component = "feedmanagement"


def error_object(
    code: str, message: str, target: str | None = None, details: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """The inner error, as operations and resources carry it too."""
    return {
        "code": code,
        "message": message,
        **({"target": target} if target else {}),
        "details": list(details),
        "additionalInfo": [],
    }


def _additional(inner: Sequence[str], worded: tuple[str, dict[str, str]] | None) -> list[dict[str, Any]]:
    """Where and when the management front end refused, and for which call of its own."""
    said: dict[str, Any] = {
        "ComponentName": "managementfrontend",
        "Correlation": _correlation(),
        "Environment": clouds.location(),
        "Location": clouds.location(),
        "Time": datetime.now(UTC).isoformat(),
    }
    if nested := _nested(inner):
        said["InnerError"] = nested
    if worded:
        said |= {"MessageFormat": worded[0], **({"MessageParameters": worded[1]} if worded[1] else {})}
    return [{"type": name, "info": {"value": value}} for name, value in said.items()]


def _correlation() -> dict[str, str]:
    return {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]}


def _nested(codes: Sequence[str]) -> dict[str, Any] | None:
    """Codes that say more and more of the kind of error, each inside the one before it."""
    nested: dict[str, Any] | None = None
    for code in reversed(codes):
        nested = {"code": code, "innerError": nested}
    return nested


def not_found(kind: str, name: str, *, code: str = "UserError") -> ServiceError:
    """A 404 as the management front end words it."""
    return ServiceError(
        404,
        code,
        f"Not found {kind} {name}",
        details=[{"code": "NotFound", "message": f"{kind} {name} does not exist."}],
    )


def conflict(message: str) -> ServiceError:
    """A 409."""
    return ServiceError(409, "Conflict", message)


def bad_request(message: str, *, code: str = "BadRequest", target: str | None = None) -> ServiceError:
    """A 400."""
    return ServiceError(400, code, message, target=target)
