"""What a model card states: what a registered model is, what it was made from, how it was judged, what nobody knows."""

from dataclasses import dataclass

from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.rules import Finding, Ruling
from mlops.domain.registry.lineage import RunFacts


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
