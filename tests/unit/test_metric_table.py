"""The table of metrics: ranges, scales, and what was perhaps meant."""

import pytest

from mlops.domain.evaluation.metric_table import METRICS, direction, known, misfit, suggestions


@pytest.mark.parametrize(
    ("name", "value", "reference", "said"),
    [
        ("rougeL", 47.3, 0.45, "rougeL 47.3 is not in its range of 0 to 1: it looks like a percentage"),
        ("rougeL", -0.1, None, "is not in its range"),
        ("rougeL", 0.473, 0.45, ""),
        ("eval_loss", -1.0, None, "is not in its range of 0 to infinity"),
        ("perplexity", 0.5, None, "is not in its range of 1 to infinity"),
        ("eval_loss", 0.04, 3.1, ""),  # losses may differ as much as they like
        ("our_share", 47.3, 0.45, "our_share 47.3 and 0.45 look like one on a scale of 0 to 100 and one of 0 to 1"),
        ("our_share", 0.45, 47.3, "look like one on a scale"),
        ("our_share", 2.0, 0.9, ""),
        ("our_share", 47.3, None, ""),
        ("our_time", 4000.0, 0.5, ""),
        ("probes.arithmetic", 80.0, None, "it looks like a percentage"),
    ],
)
def test_a_value_of_another_scale_is_told(name: str, value: float, reference: float | None, said: str) -> None:
    found = misfit(name, value, reference)
    assert said in found
    assert bool(said) == bool(found)


def test_a_misspelt_metric_is_recognised() -> None:
    assert suggestions("rougel")[0] == "rougeL"
    assert suggestions("evalloss")[0] == "eval_loss"
    assert suggestions("something else entirely") == []


def test_directions_are_those_of_the_field() -> None:
    assert direction("eval_loss") == "lower"
    assert direction("chrf") == direction("probes.privacy") == "higher"
    assert direction("our_share") is None
    assert known("our_share") is None
    assert all(metric.low < metric.high for metric in METRICS.values())
