"""Azure's public list of prices: on-demand machines of a few sizes, with the meters that stand beside them in the list.

Source: Azure Retail Prices, version 2023-01-01-preview: the form of an answer, and that its filter minds case.
"""

import re
from uuid import NAMESPACE_URL, uuid5

from azureml_emulator.core import clouds
from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator

HOST = "prices.azure.com"
A_GPU_HOUR = 3.673  # of an A100, by which larger sizes of the family are multiples; a stand-in for a price
GPUS = {"Standard_NC24ads_A100_v4": 1, "Standard_NC48ads_A100_v4": 2, "Standard_NC96ads_A100_v4": 4}
SINCE = "2023-04-01T00:00:00Z"
_TERM = re.compile(r"(\w+) eq '([^']*)'")


def items(request: Request, emulator: Emulator) -> Reply:
    """GET the prices that fit `$filter`, terms of equality joined by `and`."""
    text = request.query.get("$filter", "")
    terms = [_TERM.fullmatch(term.strip()) for term in text.split(" and ")] if text else []
    if not all(terms):
        raise bad_request(f"$filter is terms such as armSkuName eq 'Standard_D2_v3' joined by and; not {text!r}.")
    wanted = {found[1]: found[2] for found in terms if found}
    region = wanted.get("armRegionName", clouds.location())
    every = [item for size in GPUS for item in _meters(size, region)]
    shown = [one for one in every if all(str(one.get(_NAMES.get(key, key))) == value for key, value in wanted.items())]
    head = {"BillingCurrency": "USD", "CustomerEntityId": "Default", "CustomerEntityType": "Retail"}
    return Reply(200, {**head, "Items": shown, "NextPageLink": None, "Count": len(shown)})


_NAMES = {"priceType": "type"}  # of a filter, for the field of an item


def _meters(size: str, region: str) -> list[Json]:
    """On demand, spot and low priority, and with Windows."""
    name, price = size.removeprefix("Standard_").replace("_", " "), GPUS[size] * A_GPU_HOUR
    linux, windows = "Virtual Machines NCadsA100v4 Series", "Virtual Machines NCadsA100v4 Series Windows"
    return [
        _item(size, region, linux, name, price),
        _item(size, region, linux, f"{name} Spot", price * 0.4),
        _item(size, region, linux, f"{name} Low Priority", price * 0.2),
        _item(size, region, windows, name, price * 1.3),
    ]


def _item(size: str, region: str, product: str, sku: str, price: float) -> Json:
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": round(price, 6),
        "unitPrice": round(price, 6),
        "armRegionName": region,
        "location": region,
        "effectiveStartDate": SINCE,
        "meterId": str(uuid5(NAMESPACE_URL, f"{region}/{product}/{sku}")),
        "meterName": sku,
        "productId": "DZH318Z0EMULATOR",
        "skuId": f"DZH318Z0EMULATOR/{sku}",
        "productName": product,
        "skuName": sku,
        "serviceName": "Virtual Machines",
        "serviceId": "DZH313Z7MMC8",
        "serviceFamily": "Compute",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": size,
    }
