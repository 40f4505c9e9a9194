"""Signs in without any stored secret: GitHub's OIDC token in a workflow, whatever is at hand on a person's machine.

It must not print a token. GitHub's token lives five minutes, so a fresh one is fetched whenever Entra is asked, and a
long job never presents a stale one (AADSTS700024).
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlops.errors import BadInput, Problem

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

AUDIENCE = "api://AzureADTokenExchange"
TIMEOUT_SECONDS = 30


def credential(environ: Mapping[str, str], *, interactive: bool) -> "TokenCredential":
    """A credential for every Azure client. Raises BadInput when a workflow lacks what OIDC needs."""
    if environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        return _federated(environ)
    if environ.get("GITHUB_ACTIONS") == "true":
        raise BadInput(
            Problem(
                "this job cannot ask GitHub for an OIDC token",
                "the workflow",
                fix="give the job `permissions: id-token: write`",
            )
        )
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(exclude_interactive_browser_credential=not interactive)


def _federated(environ: Mapping[str, str]) -> "TokenCredential":
    from azure.identity import ClientAssertionCredential

    missing = [name for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID") if not environ.get(name)]
    if missing:
        raise BadInput(
            Problem(
                f"not set: {', '.join(missing)}",
                "the environment",
                fix="set them as variables of the GitHub environment",
            )
        )
    return ClientAssertionCredential(environ["AZURE_TENANT_ID"], environ["AZURE_CLIENT_ID"], assertion(environ))


def assertion(environ: Mapping[str, str]) -> Callable[[], str]:
    """A function that fetches a fresh OIDC token from GitHub each time it is called."""
    url = f"{environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={urllib.parse.quote(AUDIENCE, safe='')}"
    token = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")

    def fetch() -> str:
        request = urllib.request.Request(url, headers={"Authorization": f"bearer {token}"})  # noqa: S310 - GitHub's own URL
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                value: dict[str, Any] = json.loads(answer.read())
        except (urllib.error.URLError, ValueError) as error:
            raise BadInput(
                Problem(
                    "GitHub gave no OIDC token",
                    "the workflow",
                    why=str(error),
                    fix="give the job `permissions: id-token: write`",
                )
            ) from None
        return str(value["value"])

    return fetch
