"""From rows to train, validation and test files: validate, remove what stands twice, divide, order, write.

It must not read or write files, and it must not depend on the order in which rows arrive or on the machine.

Decisions:
- A row of a public dataset that breaks a rule is dropped and counted. A row of a curated file that breaks one is an
  error; all of them are reported at once, before any row of the public dataset is read.
- Of rows that stand twice, curated ones win over the dataset's, and the dataset's test rows over its training rows:
  a person's writing is never dropped in silence, and the published test set stays comparable between data versions.
- What goes to validation or (of the curated rows) to test is decided for each row alone, by the hash of its messages.
  Editing, adding or removing one conversation therefore never moves another one. Shares are met on average.
- The held-out curated rows do not depend on the seed: another seed must not move test rows into training.

Measured on one core of a shared machine: 10,000 rows of 1 KB in 1.2 s, 10,000 rows of 8 KB (ultrachat's size) in 3.6 s,
60,000 rows of 1 KB in 7.2 s. Half of it is the search for near duplicates. All rows are held in memory: with the input
some 7 MB for 1,000 rows of 1 KB, and three to four times the text for long ones, so the whole of ultrachat_200k would
need about 5 GB.

"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from mlops.domain.dataset.manifest import FILES, FileEntry, Manifest, SourceEntry, content_digest, percentiles
from mlops.domain.dataset.rows import Input, Rejection
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:  # these load numpy, which only a real preparation should pay for
    from mlops.domain.dataset.gather import Gathering, Row

NEVER = 2.0  # a Jaccard index that no two texts reach
MINIMUM_TRAIN_ROWS = 10  # the component refuses fewer (facts: acft constants, min 10 rows after filtering)


@dataclass(frozen=True)
class Options:
    """The `data` block of params.yaml as far as preparation needs it. Shares are 0 to 1."""

    seed: int = 42
    validation_share: float = 0.1
    curated_test_share: float = 0.1
    max_characters: int = 20_000
    personal_data: Literal["warn", "refuse", "ignore"] = "warn"
    near_duplicates: float | None = 0.85  # Jaccard index from which two conversations count as one; None: never
    max_tokens: int | None = None  # an estimate
    weights: Mapping[str, float] = field(default_factory=dict)  # pattern of a source's name -> how often it is used


@dataclass(frozen=True)
class Prepared:
    """The three files (name -> bytes of JSON lines), what is in them, and what a person should know."""

    files: Mapping[str, bytes]
    manifest: Manifest
    warnings: tuple[Problem, ...]
    rejections: tuple[Rejection, ...]


def prepare(
    inputs: Sequence[Input], curated: Iterable[tuple[str, bytes]], options: Options, recipe: str = ""
) -> Prepared:
    """Give the files and their manifest.

    `inputs` are splits of public datasets, `curated` pairs of (path relative to the repository, bytes), `recipe` the
    digest that the manifest shall carry. Raises BadInput with every fault of the curated files, or when fewer than 10
    training rows are left. For the same inputs the bytes are the same on every machine and in whatever order the rows
    come. The test file may be empty.
    """
    from mlops.domain.dataset.divide import distinct, divide, hold_out, weighted

    gathering = _gathering(options)
    files = sorted(curated)
    _check_weights(options.weights, [*(path for path, _ in files), *(given.source.name for given in inputs)])
    gathering.add_curated(files)
    hold_out(gathering.rows, options.curated_test_share)
    for given in inputs:
        gathering.add_dataset(given)
    parts = divide(distinct(gathering), options.validation_share, options.seed)
    parts["train"] = weighted(gathering, parts["train"], options.weights, options.seed)
    if len(parts["train"]) < MINIMUM_TRAIN_ROWS:
        raise BadInput(_too_few(len(parts["train"]), gathering))
    written = {FILES[part]: b"".join(row.line for row in rows) for part, rows in parts.items()}
    manifest = _manifest(parts, written, gathering, recipe)
    return Prepared(written, manifest, tuple(gathering.warnings), tuple(gathering.rejections))


def check(curated: Iterable[tuple[str, bytes]], options: Options) -> list[Problem]:
    """Judge curated files alone, (path, bytes). Raises BadInput with every fault; gives the warnings."""
    gathering = _gathering(options)
    gathering.add_curated(sorted(curated))
    return list(gathering.warnings)


def _gathering(options: Options) -> "Gathering":
    from mlops.domain.dataset.gather import Gathering, Row
    from mlops.domain.dataset.similar import SimilarityIndex

    near = NEVER if options.near_duplicates is None else options.near_duplicates
    return Gathering(options.max_characters, options.personal_data, SimilarityIndex(near, Row.text), options.max_tokens)


def _check_weights(weights: Mapping[str, float], names: Sequence[str]) -> None:
    unused = [pattern for pattern in weights if not any(fnmatchcase(name, pattern) for name in names)]
    why = f"the sources are {', '.join(sorted(set(names))) or 'none'}"
    problems = [
        Problem(f"data.weights: {pattern!r} fits no source", "params.yaml", why=why, fix="correct it, or remove it")
        for pattern in unused
    ]
    if problems:
        raise BadInput(problems)


def _too_few(count: int, gathering: "Gathering") -> Problem:
    reasons = Counter(rejection.reason for rejection in gathering.rejections).most_common()
    rejected = ", ".join(f"{number} rejected as `{reason}`" for reason, number in reasons) or "none rejected"
    return Problem(
        f"{count} training rows are left, at least {MINIMUM_TRAIN_ROWS} are needed",
        why=f"of {sum(gathering.read.values())} rows read, {rejected}; some are held out for validation and test",
        fix="add conversations below the curated folder, raise data.dataset.percent, or mend the rejected rows",
    )


def _manifest(
    parts: Mapping[str, list["Row"]], written: Mapping[str, bytes], gathering: "Gathering", recipe: str
) -> Manifest:
    files = {FILES[part]: _file_entry(rows, written[FILES[part]]) for part, rows in parts.items()}
    used = {id(row): row.source for rows in parts.values() for row in rows}  # one with a weight stands several times
    kept = Counter(used.values())
    rejected = Counter((rejection.source, str(rejection.reason)) for rejection in gathering.rejections)
    sources = tuple(
        SourceEntry(
            **vars(source),
            read=gathering.read[source],
            kept=kept[source],
            rejected={reason: count for (of, reason), count in sorted(rejected.items()) if of == source},
        )
        for source in sorted(gathering.read)
    )
    return Manifest(content_digest(files), recipe, files, sources, dict(sorted(gathering.personal.items())))


def _file_entry(rows: Sequence["Row"], data: bytes) -> FileEntry:
    return FileEntry(
        rows=len(rows),
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        messages=sum(row.turns for row in rows),
        tokens=sum(row.tokens for row in rows),
        characters=percentiles(row.characters for row in rows),
        turns=percentiles(row.turns for row in rows),
    )
