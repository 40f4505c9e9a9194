"""The table of what does not fit agrees with what Microsoft's own code answered, and holds no other pair."""

import pytest

from mlops.domain.training.compatibility import COMPONENT, MISMATCHES, mismatches
from tests.parity.expectation import Expectations, recorded


@pytest.mark.parametrize("found", recorded(), ids=lambda found: found.component)
def test_a_row_stands_for_what_the_real_code_refused_and_none_for_what_it_took(found: Expectations) -> None:
    trained = all(case.accepted for case in found.cases["training"] if case.name in ("preprocess", "finetune"))
    rows = mismatches(found.model, COMPONENT, found.component)
    assert bool(rows) is not trained
    assert all(row.transformers == found.packages["transformers"] for row in rows)


def test_what_is_named_instead_has_no_row_itself() -> None:
    for row in MISMATCHES:
        assert not mismatches(row.base, COMPONENT, row.instead)


def test_another_component_and_another_model_have_no_row() -> None:
    assert not mismatches("Phi-4", "a_pipeline_of_ours", "0.0.82")
    assert not mismatches("Llama-2-7b-chat", COMPONENT, "0.0.82")
