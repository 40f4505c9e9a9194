"""Files in the formats that teams have: bytes become rows here; `mlops.domain.dataset.formats` explains them."""

from mlops.dataset.formats.records import records

__all__ = ["records"]
