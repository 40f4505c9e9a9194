"""What params.yaml says of single sources: how a file is read, how often its rows count, and under which licence.

It must not read files.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from mlops.domain.dataset.formats.threads import ThreadMapping
from mlops.domain.dataset.rows import Source


@dataclass(frozen=True)
class SourceSpec:
    """One entry of `data.sources`. `path` is a pattern of a source's name: a file, or the id of the public dataset."""

    path: str
    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    mapping: ThreadMapping | None = None
    encoding: str = "utf-8"
    weight: float | None = None
    share: float = 1.0
    max_rows: int | None = None
    licence: str = ""

    @property
    def explains(self) -> bool:
        """Whether rows are converted; else they have our own format."""
        return bool(self.format or self.columns or self.mapping)


def spec_of(name: str, specs: Iterable[SourceSpec]) -> SourceSpec | None:
    """The first entry that a source's name fits."""
    return next((spec for spec in specs if fnmatchcase(name, spec.path)), None)


def weight_of(source: Source, specs: Iterable[SourceSpec], weights: Mapping[str, float]) -> float:
    """How often rows of a source are trained on: as its entry says, else the first fitting pattern, else once."""
    spec = spec_of(source.name, specs)
    if spec and spec.weight is not None:
        return spec.weight
    return next((weight for pattern, weight in weights.items() if fnmatchcase(source.name, pattern)), 1.0)
