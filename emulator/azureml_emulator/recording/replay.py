"""Sends recorded calls to a running emulator, signed in as its own identity.

It must not know what is compared.
"""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address
from azureml_emulator.recording.verify import Answer, Send
from azureml_emulator.services.storage import storage_keys

STORAGE = ".blob.core.windows.net"

AUDIENCES = {
    ".inference.ml.azure.com": "https://ml.azure.com",
    ".metrics.monitor.azure.com": "https://metrics.monitor.azure.com",
    ".blob.core.windows.net": "https://storage.azure.com",
}


def sender(address: Address) -> Send:
    """A function that sends one call through the emulator's proxy."""
    pool = urllib3.ProxyManager(address.proxy_url, ca_certs=address.ca_file)
    tokens: dict[str, str] = {}

    def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        host = urlsplit(url).netloc
        signed, whole = dict(headers), url
        if host.endswith(STORAGE):
            whole = _signed(url)
        else:
            signed["Authorization"] = f"Bearer {_token(pool, tokens, host)}"
        answer = pool.request(method, whole, body=body, headers=signed, retries=False, redirect=False)
        received = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, received, _json(answer.data)

    return send


def _token(pool: urllib3.ProxyManager, tokens: dict[str, str], host: str) -> str:
    audience = next((one for end, one in AUDIENCES.items() if host.endswith(end)), "https://management.azure.com")
    if audience not in tokens:
        form = urlencode({
            "grant_type": "client_credentials", "client_id": defaults.CLIENT_ID,
            "client_secret": defaults.CLIENT_SECRET, "scope": f"{audience}/.default",
        })  # fmt: skip
        url = f"https://login.microsoftonline.com/{defaults.TENANT_ID}/oauth2/v2.0/token"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        tokens[audience] = str(pool.request("POST", url, body=form, headers=kind).json()["access_token"])
    return tokens[audience]


def _signed(url: str) -> str:
    """A storage address with a signature of the account; recordings have none."""
    parts = urlsplit(url)
    account, container = parts.netloc.split(".")[0], parts.path.strip("/").split("/")[0]
    token = storage_keys.sas(account, container, permissions="racwdl")
    return f"{url}{'&' if parts.query else '?'}{token}"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body[:1] in (b"{", b"[") else None
    except ValueError:
        return None
