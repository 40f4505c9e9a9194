"""A push that the gate refuses, in a workspace without a champion: nothing is registered, nothing is served.

In a file of its own, so that it runs beside the other rehearsals.
"""

from tests.journeys.conftest import Clone


def test_a_spoilt_learning_rate_is_refused_and_nothing_is_released(clone: Clone) -> None:
    clone.replace("params.yaml", "learning_rate: 5.0e-6", "learning_rate: 10.0")
    code, printed, record = clone.rehearse()
    assert code == 4
    assert record["verdict"] == "refuse"
    assert record["model"] == ""
    assert not record["endpoints"]
    assert "eval_loss" in printed
    assert "above the largest allowed 4.5" in printed
    summaries = (sorted((clone.folder / "build" / "rehearsals").iterdir())[-1] / "summaries.md").read_text()
    assert "The gate refused this model" in summaries
    assert "10.0 is above 5e-5" in summaries
    status = clone.mlops("emulator", "exec", "--state", str(clone.state), "--", "mlops", "--json", "status")
    assert "phi-3-mini-ultrachat:1" not in status.stdout
