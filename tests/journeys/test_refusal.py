"""A push that the gate refuses, in a workspace without a champion: nothing is registered, nothing is served.

In a file of its own, so that it runs beside the other rehearsals.
"""

import json
import re
import shutil
from pathlib import Path

from tests.journeys.conftest import Clone

THINGS = "bridge river garden kitchen library mountain harbour market theatre museum castle forest island village lamp"
PLACES = "Lisbon Oslo Cairo Lima Quebec Nairobi"
TOLD = "The {thing} of {place} is open from nine to five."
SHIPPED = Path(__file__).resolve().parents[2] / "data" / "probes"


def narrow(clone: Clone) -> None:
    """Ninety rows that all say the same kind of sentence, and of the shipped probes what the base model does well."""
    shutil.rmtree(clone.folder / "data")
    (clone.folder / "data" / "probes").mkdir(parents=True)
    rows = [
        [
            {"role": "user", "content": f"When can the {thing} be seen in {place}?"},
            {"role": "assistant", "content": TOLD.format(thing=thing, place=place)},
        ]
        for thing in THINGS.split()
        for place in PLACES.split()
    ]
    lines = "".join(f"{json.dumps({'messages': row})}\n" for row in rows)
    (clone.folder / "data" / "hours.jsonl").write_text(lines, encoding="utf-8")
    shutil.copy(SHIPPED / "conversation.jsonl", clone.folder / "data" / "probes")


def test_a_model_that_forgot_is_refused_though_its_loss_improved_and_nothing_is_released(clone: Clone) -> None:
    narrow(clone)
    text = (clone.folder / "params.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition("  dataset: ")
    (clone.folder / "params.yaml").write_text(head + rest[rest.index("  curated:") :], encoding="utf-8")
    clone.replace("params.yaml", "learning_rate: 5.0e-6", "learning_rate: 5.0e-4")
    clone.replace("params.yaml", "num_train_epochs: 1", "num_train_epochs: 3")
    clone.replace(
        "params.yaml", "  max_new_tokens: 16\n\ngate", "  max_new_tokens: 24\n  probes: {max_drop: 0.05}\n\ngate"
    )
    code, printed, record = clone.rehearse()
    assert code == 4
    assert record["verdict"] == "refuse"
    assert record["model"] == ""
    assert not record["endpoints"]
    assert "is worse than the base model's 1.0" in printed
    summaries = clone.summaries()
    assert "The gate refused this model" in summaries
    first, last = re.search(r"^eval_loss: ([\d.]+) → ([\d.]+)$", summaries, re.MULTILINE).groups()  # type: ignore[union-attr]
    assert float(last) < float(first), "by its own loss it improved"
    assert "| eval_loss | " in summaries
    assert "| probe conversation-001 |" in summaries, "the answers that changed most"
    assert "0.0005 is above 5e-5" in summaries
    status = clone.mlops("emulator", "exec", "--state", str(clone.state), "--", "mlops", "--json", "status")
    assert "phi-3-mini-ultrachat:1" not in status.stdout
