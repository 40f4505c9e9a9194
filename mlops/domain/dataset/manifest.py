"""The manifest of prepared data: what is in the files, where it came from, what was left out and why.

It must hold nothing that differs between machines or runs: no time, no path, no user.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from mlops import jsons
from mlops.domain.dataset.recipe import PREPARATION_VERSION
from mlops.domain.dataset.rows import Reason

FILES = {"train": "train.jsonl", "validation": "validation.jsonl", "test": "test.jsonl"}
PERCENTILES = (5, 25, 50, 75, 95, 99)
SOURCES_TAGGED = 10
DIGEST_LENGTH = 30  # Azure ML allows 30 characters for a version


@dataclass(frozen=True)
class FileEntry:
    """One file. `tokens` is an estimate (4 bytes of UTF-8 each, and 4 a message); lengths are per conversation."""

    rows: int
    bytes: int
    sha256: str
    messages: int
    tokens: int
    characters: Mapping[str, int]
    turns: Mapping[str, int]


@dataclass(frozen=True)
class SourceEntry:
    """One source: rows read = rows kept + rows rejected, by reason."""

    name: str
    kind: str
    revision: str
    split: str
    read: int
    kept: int
    rejected: Mapping[str, int]
    weight: float = 1.0
    licence: str = ""
    share: float = 1.0
    max_rows: int | None = None


@dataclass(frozen=True)
class Manifest:
    """Everything about one version of the data. `digest` names the version of the data assets."""

    digest: str
    recipe: str
    files: Mapping[str, FileEntry]
    sources: Sequence[SourceEntry]
    personal_data: Mapping[str, int]
    redacted: Mapping[str, int] = field(default_factory=dict)
    preparation_version: int = PREPARATION_VERSION

    @property
    def rejected(self) -> dict[str, int]:
        """Reason -> rows, over all sources."""
        totals: dict[str, int] = {}
        for source in self.sources:
            for reason, count in source.rejected.items():
                totals[reason] = totals.get(reason, 0) + count
        return dict(sorted(totals.items()))

    @property
    def near_duplicates(self) -> int:
        """Rows left out because a nearly equal one of the same part is kept."""
        return self.rejected.get(Reason.NEAR_DUPLICATE, 0)

    @property
    def leakage(self) -> int:
        """Rows left out because they would stand in training and in test alike."""
        return self.rejected.get(Reason.LEAKAGE, 0)

    def rows(self, part: str) -> int:
        """Rows of "train", "validation" or "test"."""
        return self.files[FILES[part]].rows

    def to_json(self) -> bytes:
        """The manifest as it lies beside the files: indented, keys sorted, the same bytes for the same data."""
        totals = {"rejected": self.rejected, "near_duplicates": self.near_duplicates, "leakage": self.leakage}
        body = asdict(self) | totals
        return (json.dumps(body, sort_keys=True, ensure_ascii=False, indent=2) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes | str) -> "Manifest":
        """The inverse of `to_json`. Raises ValueError, KeyError or TypeError for anything else."""
        body = jsons.read(data)
        return cls(
            digest=body["digest"],
            recipe=body["recipe"],
            files={name: FileEntry(**entry) for name, entry in body["files"].items()},
            sources=tuple(SourceEntry(**entry) for entry in body["sources"]),
            personal_data=body["personal_data"],
            redacted=body.get("redacted", {}),
            preparation_version=body["preparation_version"],
        )


def source_tags(manifest: Manifest) -> dict[str, str]:
    """Where the rows came from, as tags of the data: `source-1` and on, the largest first, at most `SOURCES_TAGGED`."""
    ordered = sorted(manifest.sources, key=lambda source: (-source.kept, source.name, source.split))
    found = {f"source-{number}": _told(source) for number, source in enumerate(ordered[:SOURCES_TAGGED], 1)}
    rest = ordered[SOURCES_TAGGED:]
    if rest:
        found["source-more"] = f"{len(rest)} more: {sum(source.kept for source in rest)} rows kept"
    return found


def _told(source: SourceEntry) -> str:
    name = source.name[-120:] + (f"@{source.revision}" if source.revision else "") + f" {source.split}".rstrip()
    return f"{name}: {source.kept} of {source.read} rows kept"


def content_digest(files: Mapping[str, FileEntry]) -> str:
    """30 hex digits that change when and only when the content of a file changes."""
    text = "".join(f"{name} {entry.sha256}\n" for name, entry in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def percentiles(values: Iterable[int]) -> dict[str, int]:
    """min, p5 ... p99, max by nearest rank, and the sum; empty for no values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    ranks = {f"p{share}": ordered[max(0, -(-share * len(ordered) // 100) - 1)] for share in PERCENTILES}
    return {"min": ordered[0], **ranks, "max": ordered[-1], "sum": sum(ordered)}
