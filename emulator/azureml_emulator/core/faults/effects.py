"""What a client gets where a fault is met: an error in the form of the host that it called, or a cut answer.

Whether a fault is met, `registry` decides.
"""

from dataclasses import replace
from http import HTTPStatus
from xml.sax.saxutils import escape

from azureml_emulator.core import clouds
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.faults.rule import Rule
from azureml_emulator.core.request import InjectedFailure, Reply, Request

CODES = {
    400: "BadRequest",
    401: "AuthenticationFailed",
    403: "AuthorizationFailed",
    404: "ResourceNotFound",
    408: "RequestTimeout",
    409: "Conflict",
    412: "PreconditionFailed",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Sign in to go on</form></body></html>"
OPERATION_CODE = "InternalServerError"
OPERATION_MESSAGES = {
    "ResourceNotReady": "User container has crashed or terminated. Please see troubleshooting guide, available here: "
    "https://aka.ms/oe-tsg#error-resourcenotready",
    "OutOfQuota": "Not enough capacity in the region. Please see troubleshooting guide, available here: "
    "https://aka.ms/oe-tsg#error-outofquota",
    "ImageBuildFailure": "The image build failed. Please see troubleshooting guide, available here: "
    "https://aka.ms/oe-tsg#error-imagebuildfailure",
}
NOTHING = -1  # of `Reply.cut`: not even a status line is sent


def refusal(rule: Rule, request: Request) -> Reply:
    """The answer of a `status` rule, in the words of the host that was asked."""
    code = rule.code or CODES.get(rule.status, "Error")
    message = rule.message or f"{_phrase(rule.status)}. This answer was asked of the emulator as a fault."
    headers = dict(rule.headers)
    if request.host.endswith(clouds.here(".blob.core.windows.net")):
        text = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        kind = {"Content-Type": "application/xml", "x-ms-error-code": code}
        return Reply(rule.status, f'<?xml version="1.0" encoding="utf-8"?>{text}', {**kind, **headers})
    if request.host.endswith(clouds.here(".inference.ml.azure.com")):
        return Reply(rule.status, message, headers)
    if "/api/2.0/" in request.path:
        return Reply(rule.status, {"error_code": code, "message": message}, headers)
    if request.host == clouds.here("login.microsoftonline.com"):
        return Reply(rule.status, {"error": code, "error_description": message}, headers)
    return Reply(rule.status, ServiceError(rule.status, code, message).envelope(), headers)


def intercepted(rule: Rule) -> Reply:
    """A 200 that the service did not give, as of a proxy that wants a person to sign in; `html`, or JSON as it is."""
    if rule.body.lower() == "html":
        return Reply(200, HTML, {"Content-Type": "text/html; charset=utf-8", **rule.headers})
    return Reply(200, rule.body.encode(), {"Content-Type": "application/json", **rule.headers})


def failure(rule: Rule) -> InjectedFailure:
    """How an operation, or a job, ends."""
    code = rule.code or OPERATION_CODE
    message = rule.message or OPERATION_MESSAGES.get(code, f"The operation failed with {code}, as was asked for.")
    return InjectedFailure(code, message, rule.step, rule.state)


def cut(rule: Rule, reply: Reply) -> Reply:
    """The answer of which the client gets a part only, or nothing."""
    if rule.effect == "reset_after":
        return replace(reply, cut=NOTHING)
    if rule.effect != "truncated":
        return reply
    size = len(reply.content()[0])
    return replace(reply, cut=max(0, min(size - 1, rule.at_byte if rule.at_byte >= 0 else size // 2)))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
