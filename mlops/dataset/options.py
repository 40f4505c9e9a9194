"""What preparation is told, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlops.domain.dataset.manifest import Manifest
from mlops.domain.dataset.policies import Policies
from mlops.domain.dataset.rows import CuratedCheck
from mlops.domain.dataset.sources import SourceSpec
from mlops.domain.evaluation.probes.suites import Probe


@dataclass(frozen=True)
class Options:
    """The `data` block of params.yaml as far as preparation needs it. Shares are 0 to 1.

    `weights` goes from a pattern of a source's name to how often it is trained on; `window` is how many tokens of a
    conversation the base model can see, where that is known.
    """

    seed: int = 42
    validation_share: float = 0.1
    curated_test_share: float = 0.1
    max_characters: int = 20_000
    max_tokens: int | None = None
    policies: Policies = field(default_factory=Policies)
    near_duplicates: float | None = 0.85  # Jaccard index from which two conversations count as one; None: never
    duplicates: Literal["refuse", "remove"] = "refuse"  # those of the team's own
    weights: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[SourceSpec, ...] = ()
    window: int | None = None
    tokenizer: Path | None = None  # folder of the base model's, where it is at hand
    questions: tuple[Probe, ...] = ()  # of the evaluation's probes


@dataclass(frozen=True)
class TrainingShape:
    """Training conversations: two histograms, (range, how many), and the estimate of tokens that are learned."""

    characters: tuple[tuple[str, int], ...]
    turns: tuple[tuple[str, int], ...]
    learned_tokens: int


@dataclass(frozen=True)
class SourceChange:
    """A source of which other rows are drawn than in the preparation before: (weight, share, most rows) then and now.

    Counted are training rows that `came` and `went`, and those that are repeated `more` or `less` often.
    """

    name: str
    split: str
    before: tuple[float, float, int | None]
    after: tuple[float, float, int | None]
    came: int
    went: int
    more: int
    less: int


@dataclass(frozen=True)
class Prepared(CuratedCheck):
    """The files (name -> path), and what is in them."""

    files: Mapping[str, Path]
    manifest: Manifest
    shape: TrainingShape
    changes: tuple[SourceChange, ...] = ()
