"""The errors of the services, in the envelopes that their clients parse.

It must not know any handler. Azure's envelope: facts from the ARM common error response and real AML answers
(`error.code/message/target/details/additionalInfo`).
"""

from collections.abc import Sequence
from typing import Any


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
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = list(details)
        self.headers = headers or {}
        self.plain = plain  # of Azure Resource Manager itself, which answers code and message only

    def envelope(self) -> dict[str, Any]:
        """The body: `{"error": {code, message, target, details, additionalInfo}}`."""
        if self.plain:
            return {"error": {"code": self.code, "message": self.message}}
        return {"error": error_object(self.code, self.message, self.target, self.details)}


def error_object(
    code: str, message: str, target: str | None = None, details: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """The inner error, as operations and resources carry it too."""
    return {
        "code": code,
        "message": message,
        "target": target,
        "details": list(details),
        "additionalInfo": [{"type": "ComponentName", "info": {"value": "managementfrontend"}}],
    }


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
