"""Turns what the SDKs raise into the product's own failures: what happened, why, and what to do.

It must not retry. A failure that is not known stays what it is: a bug, shown as one.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from mlops import jsons
from mlops.azure import entra_codes, unreachable
from mlops.errors import AzureRefused, BadInput, MlopsError, Problem, RemoteFailed

_INSIDE = (
    "run where its network is reached; in workflows on a runner there, which the variable MLOPS_RUNNER names "
    "(docs/private-networks.md)"
)
FIXES = {
    "private link configuration": f"the workspace lets nobody in from this network: {_INSIDE}",
    "AuthorizationFailure": f"the storage account's firewall lets nobody in from this network: {_INSIDE}",
    "OutOfQuota": "ask for more quota of this VM family in the region, or choose another instance type; "
    "online endpoints reserve 20 % for upgrades",
    "ResourceNotReady": "the container crashed or its probes failed: read its log, and raise the probes' initial delay "
    "if the model loads slowly",
    "ImageBuildFailure": "the image did not build: read the build log in the workspace's storage",
    "already exists an endpoint with this name": "endpoint names are unique in a region: choose another name under "
    "environments in params.yaml; {workspace_hash} in it keeps workspaces apart",
    "Unable to get authority configuration": "compare AZURE_TENANT_ID, and AZURE_CLOUD, which says whose Entra is "
    "asked: it knows no such tenant",
    "DefaultAzureCredential failed": "in a workflow, let the job write id-token; on your own machine, `az login`",
    "ScopeLocked": "a lock there, or around it, forbids to delete: `az lock list` finds it, `az lock delete` takes it "
    "away; what cleanup should keep is named under cleanup.protect in params.yaml",
    "not allowed to access registry": "Azure says so of a registry that is not there, too: `az ml registry list "
    "--output table` shows those that are; for another subscription's ask for AzureML Registry User there",
    "AuthorizationFailed": "give the identity a role with that action, at that scope or above: `mlops init cloud` "
    "gives those of docs/permissions.md; of Azure's own, AzureML Data Scientist on the workspace and Monitoring Reader "
    "on the subscription have nearly all",
}


class Conflict(AzureRefused):
    """409: something else is being changed there; the same request may go through later."""


class NotFound(AzureRefused):
    """404, or the SDK's own word for it: the thing is not there. One such answer may be wrong for a moment."""


class Denied(AzureRefused):
    """401 or 403: this identity, or this network, may not do that."""


class Transient(RemoteFailed):
    """The service could not be reached, was too busy or had a fault of its own: no word on what was asked of it."""


_REFUSALS: dict[int, type[AzureRefused]] = {
    400: AzureRefused,
    401: Denied,
    403: Denied,
    404: NotFound,
    409: Conflict,
    422: AzureRefused,
}


def not_azure(what: str, why: str) -> Problem:
    """An answer in another form than Azure's."""
    fix = "a proxy or a sign-in page may stand in between; run the same command again, with -v to see each call"
    return Problem(f"{what}: what answered is not Azure, or its answer was cut off", why=why[:300], fix=fix)


def of_an_answer(error: Exception) -> RemoteFailed | None:
    """What a fault of ours tells that happened while an answer was taken apart; None for one that is only ours.

    That is where the last of our own code on the way to the fault is what talks to Azure.
    """
    at, last = error.__traceback__, ""
    while at:
        module = str(at.tb_frame.f_globals.get("__name__", ""))
        last = module if module.startswith("mlops.") else last
        at = at.tb_next
    if not last.startswith("mlops.azure."):
        return None
    return RemoteFailed(not_azure(f"read what came back ({last})", f"{type(error).__name__}: {error}"))


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Whatever the SDK raises inside becomes one of our failures, with `what` we were doing."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    try:
        with _silence():
            yield
    except MlopsError:
        raise
    except ClientAuthenticationError as error:
        raise _signed_in_not(what, str(error), _tried(error)) from error
    except HttpResponseError as error:
        raise _http(what, error) from error
    except AzureError as error:
        raise _client_side(what, error) from error


@contextmanager
def _silence() -> Iterator[None]:
    """The SDK prints progress, colour codes and notes on its own experimental classes; none is for our users.

    Output is the whole process's, so threads, in which only the plain client is used, leave it alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def is_not_found(error: Exception) -> bool:
    """Whether the SDK says that the thing does not exist, in any of its ways."""
    status = getattr(error, "status_code", None)
    if status == 404:
        return True
    text = str(error).lower()
    return type(error).__name__ in ("ValidationException", "MlException") and (
        "not found" in text or "does not exist" in text
    )


def _tried(error: Exception) -> str:
    """What a chain of credentials says first, and why each of them was refused that is set up at all."""
    refused = [line.strip()[:300] for line in str(error).splitlines() if "Authentication failed:" in line]
    return " ".join(dict.fromkeys([_first_lines(error, limit=2), *refused]))


def _signed_in_not(what: str, said: str, first_lines: str) -> MlopsError:
    """A sign-in that failed: Entra's code with what it means, where it says one, or that Entra was not reached."""
    if meaning := entra_codes.known(said):
        code = f"AADSTS{entra_codes.code_of(said)}"
        why = f"{meaning.cause}; {first_lines}"
        return Denied(Problem(f"{what}: sign-in failed, {code}", why=why, fix=meaning.fix))
    if fix := unreachable.fix(said):
        return Transient(Problem(f"{what}: where one signs in could not be reached", why=first_lines, fix=fix))
    return Denied(Problem(f"{what}: sign-in failed", why=first_lines, fix=_fix(said)))


def _http(what: str, error: Any) -> MlopsError:
    status = error.status_code
    body = _error_body(error)
    code = str(body.get("code") or (error.error.code if getattr(error, "error", None) else "") or "")
    why = _message(body) or _first_lines(error)
    problem = Problem(f"{what}: {status or 'failed'} {code}".rstrip(), why=why, fix=_fix(f"{code} {why}"))
    if status in _REFUSALS:
        return _REFUSALS[status](problem)
    if status and status < 300 and not code:  # the SDK cannot read it; an operation that failed says its code
        return Transient(not_azure(what, why))
    return Transient(problem) if status and (status in (408, 429) or status >= 500) else RemoteFailed(problem)


def _client_side(what: str, error: Exception) -> MlopsError:
    kind = type(error).__name__
    if is_not_found(error):
        return NotFound(Problem(what, why=_first_lines(error)))
    if kind in ("ServiceRequestError", "ServiceResponseError", "IncompleteReadError"):
        fix = unreachable.fix(str(error)) or "run the same command again"
        return Transient(Problem(f"{what}: the service could not be reached", why=_first_lines(error), fix=fix))
    if kind in (
        "ValidationException",
        "UserErrorException",
        "AssetException",
        "AssetPathException",
        "UnexpectedKeywordError",
        "EmptyDirectoryError",
    ):
        return BadInput(Problem(what, why=_first_lines(error)))
    return RemoteFailed(Problem(what, why=_first_lines(error)))


def _error_body(error: Any) -> dict[str, Any]:
    response = getattr(error, "response", None)
    try:
        body = jsons.read(response.text()) if response is not None else {}
    except (ValueError, AttributeError):
        return {}
    inner = body.get("error", body) if isinstance(body, dict) else {}
    return inner if isinstance(inner, dict) else {}


def _message(body: dict[str, Any]) -> str:
    """The message and those nested in details, each once."""
    texts = [str(body.get("message") or "")]
    texts += [_message(detail) for detail in body.get("details") or [] if isinstance(detail, dict)]
    seen: list[str] = []
    for text in texts:
        if text and text not in seen:
            seen.append(text)
    return "; ".join(seen)[:2000]


def _first_lines(error: Exception, limit: int = 6) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:limit])[:1500]


def _fix(text: str) -> str:
    lowered = text.lower()
    if "not enough quota" in lowered:
        return FIXES["OutOfQuota"]
    return next((fix for code, fix in FIXES.items() if code.lower() in lowered), "")
