"""Blobs read and listed over the plain client: importing azure-storage-blob takes a tenth of a command that looks.

A contract test holds both to the same answers. What is not simply answered is `Unsure`, and then the library is asked,
which signs by keys, too, and knows what each refusal means. It must not know what lies in a blob.
Source: Azure Storage REST, Get Blob and List Blobs, version 2021-12-02.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode
from xml.etree import ElementTree as ET

from mlops.azure.workspace import Workspace
from mlops.clouds import STORAGE_AUDIENCE

if TYPE_CHECKING:
    from azure.core import PipelineClient

VERSION = "2021-12-02"


class Unsure(Exception):
    """The library has to be asked."""


class BlobReader:
    """A container by its address. `secret` is a signature; empty where the workspace's own identity signs."""

    def __init__(self, workspace: Workspace, account_url: str, container: str, secret: str) -> None:
        self._workspace, self._secret = workspace, secret
        self._url = f"{account_url}/{quote(container)}"

    def content(self, name: str) -> bytes | None:
        """A blob; None where there is none of that name. Raises Unsure."""
        answer = self._get(f"{self._url}/{quote(name, safe='~/')}", {})
        if answer.status_code == 404 and answer.headers.get("x-ms-error-code") == "BlobNotFound":
            return None
        if answer.status_code != 200:
            raise Unsure
        return bytes(answer.content)

    def names(self, prefix: str, page: int) -> Iterator[str]:
        """Those that begin so, in order, read page by page. Raises Unsure."""
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "maxresults": str(page)}
            answer = self._get(self._url, {**query, **({"marker": marker} if marker else {})})
            if answer.status_code != 200:
                raise Unsure
            try:
                found = ET.fromstring(answer.content)  # noqa: S314 - as the library itself, which has no other parser
            except ET.ParseError:
                raise Unsure from None
            for name in found.iterfind("Blobs/Blob/Name"):
                text = name.text or ""
                yield unquote(text) if name.get("Encoded") == "true" else text
            marker = found.findtext("NextMarker") or ""
            if not marker:
                return

    def _get(self, url: str, query: dict[str, str]) -> Any:
        from azure.core.rest import HttpRequest

        asked = "&".join(filter(None, (urlencode(query, quote_via=quote), self._secret)))
        client = self._workspace.remembered(("blobs", bool(self._secret)), self._client)
        return client.send_request(HttpRequest("GET", f"{url}?{asked}", headers={"x-ms-version": VERSION}))

    def _client(self) -> "PipelineClient[Any, Any]":
        from azure.core import PipelineClient
        from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RequestIdPolicy

        from mlops.azure import connections
        from mlops.azure.rate_limit import Patient

        credential = self._workspace.credential
        sign = [] if self._secret else [BearerTokenCredentialPolicy(credential, f"{STORAGE_AUDIENCE}/.default")]
        return PipelineClient("", policies=[RequestIdPolicy(), Patient(), *sign], transport=connections.of(credential))
