"""Many reads of ARM at once: pages of a listing in order, and single resources side by side within the read budget.

It must not know what is read.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from mlops.azure.failures import translated
from mlops.azure.workspace import Workspace
from mlops.errors import MlopsError

if TYPE_CHECKING:
    from azure.core.rest import HttpResponse

AT_ONCE = 8  # more would only wait for the budget: 22 reads a second of 0.2 s each keep five busy
PAGES = 10_000  # a listing that never ends would be a bug of somebody's
Key = TypeVar("Key")


def listing(workspace: Workspace, path: str, what: str, most: int | None = None) -> list[dict[str, Any]]:
    """Every item of a listing below the workspace, page after page, or the first `most`. Raises our failures."""
    return pages(workspace, f"{workspace.url}/{path}", what, most)


def pages(workspace: Workspace, url: str | None, what: str, most: int | None = None) -> list[dict[str, Any]]:
    """Every item from a first page on, or the first `most`."""
    found: list[dict[str, Any]] = []
    for _ in range(PAGES):
        if not url or (most is not None and len(found) >= most):
            break
        page = workspace.send("GET", url, what).json()
        found += page.get("value") or []
        url = page.get("nextLink")
    return found[:most]


def side_by_side(
    workspace: Workspace, urls: Mapping[Key, str], what: str
) -> dict[Key, "list[dict[str, Any]] | MlopsError"]:
    """The whole listing behind each address, or why it could not be read; one that fails does not stop the others."""
    if not urls:
        return {}
    # Output is swallowed around all threads at once, since what swallows it is not made for threads.
    with translated(what), ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda url: _all_pages(workspace, url), urls.values()))
    return {key: _settled(answer, what) for key, answer in zip(urls, answers, strict=True)}


def each(workspace: Workspace, urls: Mapping[Key, str], what: str) -> dict[Key, dict[str, Any]]:
    """The document behind each address, read side by side. Raises the first failure."""
    with translated(what), ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(urls, pool.map(lambda url: _document(workspace, url), urls.values()), strict=True))


def present(workspace: Workspace, urls: Mapping[Key, str], what: str) -> dict[Key, dict[str, Any] | None]:
    """The same, with None for what is not there."""
    with translated(what), ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(urls, pool.map(lambda url: _document_or_none(workspace, url), urls.values()), strict=True))


def _document_or_none(workspace: Workspace, url: str) -> dict[str, Any] | None:
    from azure.core.rest import HttpRequest

    response: HttpResponse = workspace.rest.send_request(HttpRequest("GET", url))
    if response.status_code == 404:
        return None
    response.raise_for_status()
    return dict(response.json())


def _document(workspace: Workspace, url: str) -> dict[str, Any]:
    from azure.core.rest import HttpRequest

    response: HttpResponse = workspace.rest.send_request(HttpRequest("GET", url))
    response.raise_for_status()
    return dict(response.json())


def _all_pages(workspace: Workspace, url: str | None) -> "list[dict[str, Any]] | Exception":
    from azure.core.exceptions import AzureError
    from azure.core.rest import HttpRequest

    found: list[dict[str, Any]] = []
    try:
        while url:
            response: HttpResponse = workspace.rest.send_request(HttpRequest("GET", url))
            response.raise_for_status()
            page = response.json()
            found += page.get("value") or []
            url = page.get("nextLink")
    except (AzureError, ValueError) as error:
        return error
    return found


def _settled(answer: Sequence[dict[str, Any]] | Exception, what: str) -> list[dict[str, Any]] | MlopsError:
    if not isinstance(answer, Exception):
        return list(answer)
    try:
        with translated(what):
            raise answer
    except MlopsError as error:
        return error
    except ValueError as error:
        return MlopsError(f"{what}: the answer cannot be read: {error}")
