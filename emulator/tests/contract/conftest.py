"""What one test of the SDK would leave to the next in the same process."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_deployment_is_remembered() -> Iterator[None]:
    """`invoke(..., deployment_name=...)` writes into a dict of headers that all clients of azure-ai-ml share."""
    yield
    constants = sys.modules.get("azure.ai.ml.constants._endpoint")
    if constants:
        constants.EndpointInvokeFields.DEFAULT_HEADER.pop("azureml-model-deployment", None)
