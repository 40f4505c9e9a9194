"""Signs in without any stored secret: GitHub's OIDC token in a workflow, whatever is at hand on a person's machine.

It must not print a token. GitHub's token lives five minutes, so a fresh one is fetched whenever Entra is asked, and a
long job never presents a stale one (AADSTS700024).
"""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from mlops import clock, jsons
from mlops.azure.one_token import OneAtATime
from mlops.clouds import PUBLIC, Cloud
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

TIMEOUT_SECONDS = 30
TRIES = 3


def credential(
    environ: Mapping[str, str], *, interactive: bool, cloud: Cloud = PUBLIC, **options: Any
) -> "TokenCredential":
    """A credential for every Azure client. Raises BadInput when a workflow lacks what OIDC needs.

    A browser is opened only where a terminal shows that somebody is there, and after everything else.
    """
    from mlops.azure import connections

    def made(transport: Any) -> OneAtATime:
        given = {"authority": cloud.login, "transport": transport, **options}
        return OneAtATime(_library(environ, cloud, given, interactive=interactive))

    return connections.signed_in(made)


def _library(environ: Mapping[str, str], cloud: Cloud, given: Mapping[str, Any], *, interactive: bool) -> Any:
    """The credential of azure-identity."""
    if environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        return _federated(environ, cloud, given)
    if environ.get("GITHUB_ACTIONS") == "true":
        raise BadInput(
            Problem(
                "this job cannot ask GitHub for an OIDC token",
                "the workflow",
                fix="give the job `permissions: id-token: write`; a pull request from a fork never gets it",
            )
        )
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(exclude_interactive_browser_credential=not interactive, **given)


def _federated(environ: Mapping[str, str], cloud: Cloud, given: Mapping[str, Any]) -> Any:
    missing = [name for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID") if not environ.get(name)]
    if missing:
        raise BadInput(
            Problem(
                f"not set: {', '.join(missing)}",
                "the environment",
                fix="set them as variables of the GitHub environment",
            )
        )
    from mlops.azure.federated import Federated  # of a workflow alone

    tenant, client = environ["AZURE_TENANT_ID"], environ["AZURE_CLIENT_ID"]
    return Federated(tenant, client, assertion(environ, cloud), given)


def assertion(environ: Mapping[str, str], cloud: Cloud = PUBLIC) -> Callable[[], str]:
    """A function that fetches a fresh OIDC token from GitHub each time it is called."""
    url = f"{environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={urllib.parse.quote(cloud.audience, safe='')}"
    token = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")

    def fetch() -> str:
        for again in range(1, TRIES + 1):
            try:
                return _fetch(url, token)
            except urllib.error.HTTPError as error:
                error.close()
                if (error.code < 500 and error.code != 429) or again == TRIES:
                    raise _no_token(str(error)) from None
            except (OSError, ValueError, KeyError, TypeError, HTTPException) as error:
                if again == TRIES:
                    raise _no_token(str(error)) from None
            clock.sleep(again)
        raise AssertionError("the last try gives a token or raises")

    return fetch


def _fetch(url: str, token: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"bearer {token}"})  # noqa: S310 - GitHub's own URL
    opener = urllib.request.build_opener()  # urlopen's is kept from its first call, with the proxies of that time
    with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
        return str(jsons.read(answer.read())["value"])


def _no_token(why: str) -> BadInput:
    fix = "give the job `permissions: id-token: write`; where it has it, run the job again"
    return BadInput(Problem("GitHub gave no OIDC token", "the workflow", why=why, fix=fix))
