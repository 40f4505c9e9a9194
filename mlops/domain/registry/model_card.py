"""What a model card states: what a registered model is, what it was made from, how it was judged, what nobody knows."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.rules import Finding, Ruling
from mlops.domain.promote import audit
from mlops.domain.registry import passed
from mlops.domain.registry.lineage import RunFacts

BECAME = "\n\n#### What became of it\n\n"


@dataclass(frozen=True)
class ModelCard:
    """The facts of the card. It names no version: the card is written before the service has given one."""

    model: str
    fingerprint: str
    run: RunFacts
    ruling: Ruling
    findings: tuple[Finding, ...]
    evidence: Evidence
    notes: tuple[str, ...] = ()  # on the artifact


def with_decisions(card: str, tags: Mapping[str, str]) -> str:
    """The card's text with what a version's tags say of environments, as its last part: who, when and why."""
    found = [f"passed {name} {one.entry.told}" for name, one in passed.every(tags).items()]
    found += [f"rolled back in {name}, and held there {entry}" for name, entry in audit.held_in(tags).items()]
    before = card.partition(BECAME)[0].rstrip()
    return before + BECAME + "".join(f"- {what}\n" for what in found) if found else before
