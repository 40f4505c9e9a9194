"""What a PATCH may say, without a server."""

import json
from typing import Any

import pytest

from azureml_emulator.core import partial
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request

BEFORE = {"location": "eastus", "tags": {}, "properties": {"traffic": {"a": 100}, "properties": {"vmSize": "S"}}}


def patch(body: dict[str, Any]) -> Request:
    """A PATCH with a body."""
    query = "api-version=2024-10-01"
    return Request("PATCH", "management.azure.com", "/x", query_string=query, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({}, None),
        ({"tags": {"a": "1"}}, None),
        ({"location": "eastus", "sku": None}, None),
        ({"location": "westus"}, "location"),
        ({"properties": {"properties": {"vmSize": "S", "scaleSettings": {"maxNodeCount": 3}}}}, None),
        ({"properties": {"properties": {"vmSize": "T"}}}, "properties.properties.vmSize"),
        ({"properties": {"traffic": {"a": 50, "b": 50}}}, "properties.traffic"),
    ],
)
def test_only_what_is_taken_or_already_so_may_be_said(body: dict[str, Any], refused: str | None) -> None:
    takes = ("tags", "properties.properties.scaleSettings")
    if refused is None:
        assert partial.changes(patch(body), BEFORE, takes) == body
        return
    with pytest.raises(ServiceError) as error:
        partial.changes(patch(body), BEFORE, takes)
    assert (error.value.status, error.value.target) == (400, refused)
