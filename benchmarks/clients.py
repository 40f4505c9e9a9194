"""Many clients at once, as threads of one process, and raw calls of the emulated service, which they make."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from azureml_emulator import process
from azureml_emulator.http.address import Address

CLIENTS = (1, 8, 50, 200)
API = "api-version=2024-10-01"
RIGHT = (200, 201, 206)


@dataclass(frozen=True)
class Load:
    """Calls a second, milliseconds of the middle call and of one in twenty, and how many were not answered well."""

    rate: float
    middle: float
    late: float
    bad: int

    def cells(self) -> str:
        """As the end of a row of Markdown."""
        return f"{self.rate:.0f} | {self.middle:.1f} | {self.late:.1f} | {self.bad}"


def load(clients: int, numbers: range, call: Callable[[int], int]) -> Load:
    """One call for each number, by so many clients; `call` gives the status of an answer."""
    spent: list[float] = []
    bad: list[int] = []
    left, lock = iter(numbers), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            begun = time.perf_counter()
            status = call(number)
            spent.append(time.perf_counter() - begun)
            if status not in RIGHT:
                bad.append(status)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    late = statistics.quantiles(spent, n=20)[-1]
    return Load(len(numbers) / seconds, statistics.median(spent) * 1e3, late * 1e3, len(bad))


class Service:
    """Calls of the emulated service with a token."""

    def __init__(self, address: Address) -> None:
        self.pool = urllib3.ProxyManager(address.proxy_url, ca_certs=address.ca_file, maxsize=max(CLIENTS))
        names = process.identity()
        self.workspace = (
            f"https://management.azure.com/subscriptions/{names['AZURE_SUBSCRIPTION_ID']}/resourceGroups/"
            f"{names['AZURE_RESOURCE_GROUP']}/providers/Microsoft.MachineLearningServices/workspaces/"
            f"{names['AZURE_ML_WORKSPACE']}"
        )
        form = urlencode({
            "grant_type": "client_credentials", "client_id": names["AZURE_CLIENT_ID"],
            "client_secret": names["AZURE_CLIENT_SECRET"], "scope": "https://management.azure.com/.default",
        })  # fmt: skip
        url = f"https://login.microsoftonline.com/{names['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        token = self.pool.request("POST", url, body=form, headers=kind).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, url: str, body: dict[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
        """One call."""
        return self.pool.request(method, url, json=body, headers=self.headers, retries=False)

    def pages(self, url: str) -> tuple[float, int]:
        """All pages of a list: seconds, and how many items there were."""
        begun, found, after = time.perf_counter(), 0, url
        while after:
            page = self.call("GET", after).json()
            found, after = found + len(page["value"]), page.get("nextLink") or ""
        return time.perf_counter() - begun, found
