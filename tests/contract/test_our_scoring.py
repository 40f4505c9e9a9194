"""Our own client of the scoring host reads what either serving stack answers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from emulator_support.serving import TURN, delete_endpoint, deploy, make_endpoint, register_model, set_traffic
from mlops.azure.scoring import ScoringClient
from mlops.domain.promote.spec import Invocation
from tests.contract.own_workspace import own_workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="module")
def served(ml_client: "MLClient", tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An endpoint: `tuned`, a fine-tuned model, has all traffic; `base` is one of the registry."""
    model = register_model(ml_client, tmp_path_factory.mktemp("model"), "our-scored")
    make_endpoint(ml_client, "our-scoring")
    deploy(ml_client, "our-scoring", "tuned", model=model)
    deploy(ml_client, "our-scoring", "base")
    set_traffic(ml_client, "our-scoring", tuned=100)
    yield "our-scoring"
    delete_endpoint(ml_client, "our-scoring")


def test_our_own_client_reads_both_answers(served: str) -> None:
    client = ScoringClient(own_workspace(), served)
    for deployment in (None, "tuned", "base"):
        answer = client.invoke([TURN], Invocation(8, 0.0, timeout_seconds=10), deployment)
        assert (answer.status, answer.failure) == (200, "")
        assert answer.text
