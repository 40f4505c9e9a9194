"""The price file that comes with mlops: what an hour of a VM size cost by Azure's list on a day that it names."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from functools import cache
from importlib.resources import files
from typing import Any

from mlops import yamls
from mlops.azure.retail_prices import ListPrice

FILE = "dated_prices.yaml"


def of(region: str, sizes: Iterable[str], currency: str) -> dict[str, ListPrice]:
    """The newest known price of each size in a region; what the file has not, or in another currency, is left out."""
    stated = _file()
    if currency != stated["currency"]:
        return {}
    found: dict[str, ListPrice] = {}
    for one in sorted(stated["lists"], key=lambda each: each["date"]):
        prices: Mapping[str, float] = one["regions"].get(region.lower()) or {}
        day = datetime.combine(one["date"], time(), UTC)
        theirs = {name.lower(): price for name, price in prices.items()}
        found |= {size: ListPrice(size, float(theirs[size.lower()]), day) for size in sizes if size.lower() in theirs}
    return found


@cache
def _file() -> dict[str, Any]:
    found: dict[str, Any] = yamls.read(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return found
