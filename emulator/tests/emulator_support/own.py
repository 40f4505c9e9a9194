"""An emulator of a test's own, that it may kill and start again in one folder; calls go out without an SDK."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import urllib3

from azureml_emulator import process
from azureml_emulator.core import defaults


class OwnEmulator:
    """Starts when it is made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start()

    def start(self) -> None:
        """Serve the folder, with a token of its own."""
        self.address = process.launch(self.folder)
        self._pool = urllib3.ProxyManager(self.address.proxy_url, ca_certs=self.address.ca_file)
        form = {
            "client_id": defaults.CLIENT_ID,
            "client_secret": defaults.CLIENT_SECRET,
            "grant_type": "client_credentials",
            "scope": "https://management.azure.com/.default",
        }
        url = f"https://login.microsoftonline.com/{defaults.TENANT_ID}/oauth2/v2.0/token"
        answer = self._pool.request("POST", url, fields=form, encode_multipart=False)
        self._token = str(answer.json()["access_token"])

    def kill(self) -> None:
        """End it as a crash would: nothing is written any more, the port is gone."""
        self._pool.clear()
        os.kill(self.address.pid, signal.SIGKILL)
        os.waitpid(self.address.pid, 0)

    def stop(self) -> None:
        """End it in order."""
        self._pool.clear()
        process.stop(self.folder)

    def call(self, method: str, url: str, body: Any = None, **headers: str) -> urllib3.BaseHTTPResponse:
        """One request, signed in."""
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = json.dumps(body) if body is not None else None
        return self._pool.request(method, url, body=data, headers=sent, retries=False, redirect=False)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of the control surface."""
        return process.control(self.address, method, path, body)
