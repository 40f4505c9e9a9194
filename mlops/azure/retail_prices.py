"""What an hour of a VM size costs by Azure's public list, which anybody may read and which knows no contract.

Source: Azure Retail Prices, version 2023-01-01-preview; its filter minds case.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from mlops.azure.failures import Transient, not_azure, translated
from mlops.azure.workspace import Workspace
from mlops.domain.moments import parse_date

API = "2023-01-01-preview"
SECONDS = 10.0
CHEAPER = ("spot", "low priority")  # meters of machines that may be taken away


@dataclass(frozen=True)
class ListPrice:
    """One instance for one hour, on demand and with Linux; `since` is the day from which the list has it."""

    size: str
    an_hour: float
    since: datetime | None


def of(workspace: Workspace, sizes: Iterable[str], currency: str) -> dict[str, ListPrice]:
    """The price of each size in the workspace's region; what the list has not is left out.

    Raises our failures where it cannot be reached. A cloud whose list has another form has none here.
    """
    address = workspace.cloud.prices
    read = {size: _read(address, workspace.location, size, currency) for size in sorted(set(sizes)) if address}
    return {size: price for size, price in read.items() if price is not None}


def _read(address: str, region: str, size: str, currency: str) -> ListPrice | None:
    from azure.core import PipelineClient
    from azure.core.rest import HttpRequest

    from mlops.azure.answers import JsonOnly

    parts = {
        "serviceName": "Virtual Machines",
        "armRegionName": region,
        "armSkuName": size,
        "priceType": "Consumption",
    }
    stated = " and ".join(f"{name} eq '{value}'" for name, value in parts.items())
    query = urlencode({"api-version": API, "currencyCode": f"'{currency}'", "$filter": stated})
    what = f"read the list price of {size}"
    client: PipelineClient[Any, Any] = PipelineClient(address, policies=[JsonOnly()])
    with translated(what):
        request = HttpRequest("GET", f"{address}?{query}")
        answer = client.send_request(request, connection_timeout=SECONDS, read_timeout=SECONDS)
        answer.raise_for_status()
    try:
        fits = [one for one in answer.json().get("Items") or [] if _fits(one) and float(one["retailPrice"]) > 0]
        if not fits:
            return None
        one = min(fits, key=lambda item: float(item["retailPrice"]))
        return ListPrice(size, float(one["retailPrice"]), parse_date(str(one.get("effectiveStartDate") or "")))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Transient(not_azure(what, f"{type(error).__name__}: {error}")) from error


def _fits(item: dict[str, Any]) -> bool:
    """On demand, by the hour, without the licence of Windows."""
    meter = f"{item.get('skuName')} {item.get('meterName')}".lower()
    windows = "windows" in str(item.get("productName")).lower()
    return item.get("unitOfMeasure") == "1 Hour" and not windows and not any(word in meter for word in CHEAPER)
