"""From rows to train, validation and test files: validate, remove what stands twice, divide, order, write.

Decisions:
- A row of a public dataset that breaks a rule is dropped and counted. A row of a curated file that breaks one is an
  error; all of them are reported at once, before any row of the public dataset is read.
- Of rows that stand twice, curated ones win over the dataset's, and the dataset's test rows over its training rows:
  a person's writing is never dropped in silence, and the published test set stays comparable between data versions.
- What goes to validation or (of the curated rows) to test is decided for each row alone, by the hash of its messages.
  Editing, adding or removing one conversation therefore never moves another one. Shares are met on average.
- The held-out curated rows do not depend on the seed: another seed must not move test rows into training.
- Text goes through a file, not through memory: what is kept of a row is of the same size for short ones and long ones.

How fast it is, and how much memory it needs: `benchmarks/prepare.py`, docs/data.md.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mlops.domain.dataset.manifest import FILES, FileEntry, Manifest, SourceEntry, content_digest
from mlops.domain.dataset.rows import Input, Reason, Source
from mlops.domain.dataset.sampling import MANIFEST, REJECTED
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:  # these load numpy and polars, which only a real preparation should pay for
    from mlops.dataset.curated import CuratedFiles
    from mlops.dataset.minhash import Integers
    from mlops.dataset.rejections import Account
    from mlops.dataset.spool import Spool
    from mlops.dataset.table import Table

MINIMUM_TRAIN_ROWS = 10  # the component refuses fewer (facts: acft constants, min 10 rows after filtering)
NEVER = 2.0  # a Jaccard index that no two texts reach


@dataclass(frozen=True)
class Options:
    """The `data` block of params.yaml as far as preparation needs it. Shares are 0 to 1."""

    seed: int = 42
    validation_share: float = 0.1
    curated_test_share: float = 0.1
    max_characters: int = 20_000
    max_tokens: int | None = None
    personal_data: Literal["warn", "refuse", "ignore"] = "warn"
    near_duplicates: float | None = 0.85  # Jaccard index from which two conversations count as one; None: never
    weights: Mapping[str, float] = field(
        default_factory=dict
    )  # pattern of a source's name -> how often it is trained on


@dataclass(frozen=True)
class Prepared:
    """The files (name -> path), what is in them, and what a person should know."""

    files: Mapping[str, Path]
    manifest: Manifest
    warnings: tuple[Problem, ...]


def prepare(
    inputs: Sequence[Input],
    curated: Iterable[tuple[str, bytes]],
    options: Options,
    out: Path,
    recipe: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> Prepared:
    """Write the three files, the manifest and the rejected rows into a folder, all of them or none.

    `inputs` are splits of public datasets, `curated` pairs of (path relative to the repository, bytes), `recipe` the
    digest that the manifest shall carry. `progress` is told how many more rows of datasets were read. Raises BadInput
    with every fault of the curated files, or when fewer than 10 training rows are left. For the same inputs the bytes
    are the same on every machine and in whatever order the rows come. The test file may be empty.
    """
    own = _curated(curated, options)
    _check_weights(options.weights, [*own.sources, *(given.source for given in inputs)])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".partial-") as folder:
        manifest = _made(inputs, own, options, Path(folder), recipe, progress)
        for name in (*FILES.values(), REJECTED, MANIFEST):
            shutil.move(Path(folder) / name, out / name)
    return Prepared({name: out / name for name in FILES.values()}, manifest, tuple(own.warnings))


def check(curated: Iterable[tuple[str, bytes]], options: Options) -> list[Problem]:
    """Judge curated files alone, (path, bytes). Raises BadInput with every fault; gives the warnings."""
    return _curated(curated, options).warnings


def _curated(curated: Iterable[tuple[str, bytes]], options: Options) -> "CuratedFiles":
    from mlops.dataset.curated import CuratedFiles

    near = options.near_duplicates or NEVER
    own = CuratedFiles(options.max_characters, options.max_tokens, options.personal_data, near)
    own.read(sorted(curated))
    return own


def _made(
    inputs: Sequence[Input],
    own: "CuratedFiles",
    options: Options,
    folder: Path,
    recipe: str,
    progress: Callable[[int], None],
) -> Manifest:
    from mlops.dataset import output, select
    from mlops.dataset.frames import Limits
    from mlops.dataset.ingest import Gathering
    from mlops.dataset.rejections import Account
    from mlops.dataset.spool import Spool

    look, refuse = options.personal_data != "ignore", options.personal_data == "refuse"
    limits = Limits(options.max_characters, options.max_tokens, look, refuse)
    with closing(Spool(folder)) as spool, closing(Account(folder / REJECTED)) as account:
        gathering = Gathering(spool, account, limits, select.order_salt(options.seed), progress)
        gathering.add_curated(own)
        curated_rows = spool.rows
        for given in inputs:
            gathering.add_dataset(given)
        table = spool.table()
        select.hold_out(table[:curated_rows], options.curated_test_share)
        kept = _distinct(table, spool, account, options.near_duplicates)
        parts = select.divide(table, kept, options.validation_share, options.seed)
        parts["train"] = _weighted(table, parts["train"], spool, account, options)
        if len(parts["train"]) < MINIMUM_TRAIN_ROWS:
            raise BadInput(_too_few(len(parts["train"]), account))
        ordered = {part: output.Ordered(*select.shuffled(table, rows, options.seed)) for part, rows in parts.items()}
        files = output.write(folder, table, ordered, spool)
        manifest = _manifest(table, parts, files, account, recipe)
    (folder / MANIFEST).write_bytes(manifest.to_json())
    return manifest


def _distinct(table: "Table", spool: "Spool", account: "Account", near: float | None) -> "Integers":
    """The rows without those that stand twice; each of these is rejected."""
    import numpy as np

    from mlops.dataset import select
    from mlops.domain.dataset.similar import compared, similarity

    def reject(twin: select.Twin) -> None:
        row, other = table[twin.row], table[twin.other]
        of = account.sources[int(other["source"])]
        detail = f"{'nearly ' if twin.near else ''}the same as a row of {of.name} {of.split}".rstrip()
        reason = Reason.NEAR_DUPLICATE if twin.near else Reason.DUPLICATE
        if row["test"] != other["test"]:
            reason = Reason.LEAKAGE
        account.reject(account.sources[int(row["source"])], int(row["position"]), reason, detail, spool.line(row))
        stays[twin.row] = False

    stays = np.ones(len(table), dtype=bool)
    order = select.ranked(table, account.sources)
    for twin in select.equal(table, order):
        reject(twin)
    if near is not None:
        curated = np.array([source.kind == "curated" for source in account.sources], dtype=bool)[table["source"]]

        def similar(one: int, other: int) -> float:
            return similarity(compared(spool.line(table[one])), compared(spool.line(table[other])))

        for twin in select.nearly_equal(table, order[stays[order]], curated, near, similar):
            reject(twin)
    return np.flatnonzero(stays)


def _weighted(table: "Table", train: "Integers", spool: "Spool", account: "Account", options: Options) -> "Integers":
    """The training rows as often as their source's weight says; those that it leaves out are rejected."""
    import numpy as np

    from mlops.dataset import select

    if not options.weights:
        return train
    of_source = np.array([weight_of(source, options.weights) for source in account.sources])
    chosen = select.weighted(table, train, of_source[table["source"][train]], options.seed)
    for place in np.setdiff1d(train, chosen).tolist():
        row = table[place]
        source = account.sources[int(row["source"])]
        detail = f"not drawn by the weight {weight_of(source, options.weights):g} of {source.name}"
        account.reject(source, int(row["position"]), Reason.WEIGHT, detail, spool.line(row))
    return chosen


def weight_of(source: Source, weights: Mapping[str, float]) -> float:
    """The weight of the first pattern that a source's name fits; 1 where none does."""
    return next((weight for pattern, weight in weights.items() if fnmatchcase(source.name, pattern)), 1.0)


def _check_weights(weights: Mapping[str, float], sources: Sequence[Source]) -> None:
    unused = [pattern for pattern in weights if not any(fnmatchcase(one.name, pattern) for one in sources)]
    if unused:
        names = ", ".join(sorted({one.name for one in sources})) or "none"
        problems = [
            Problem(
                f"data.weights: {pattern!r} fits no source", "params.yaml", why=f"there are {names}", fix="correct it"
            )
            for pattern in unused
        ]
        raise BadInput(problems)


def _too_few(count: int, account: "Account") -> Problem:
    reasons: dict[str, int] = {}
    for (_, reason), number in account.rejected.items():
        reasons[reason] = reasons.get(reason, 0) + number
    told = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    rejected = ", ".join(f"{number} rejected as `{reason}`" for reason, number in told) or "none rejected"
    return Problem(
        f"{count} training rows are left, at least {MINIMUM_TRAIN_ROWS} are needed",
        why=f"of {sum(account.read.values())} rows read, {rejected}; some are held out for validation and test",
        fix="add conversations below the curated folder, raise data.dataset.percent, or correct the rejected rows",
    )


def _manifest(
    table: "Table",
    parts: Mapping[str, "Integers"],
    files: Mapping[str, FileEntry],
    account: "Account",
    recipe: str,
) -> Manifest:
    import numpy as np

    used = np.unique(np.concatenate(list(parts.values())))
    kept = np.bincount(table["source"][used], minlength=len(account.sources))
    sources = tuple(
        SourceEntry(
            **vars(source),
            read=account.read[source],
            kept=int(kept[account.sources.index(source)]),
            rejected={reason: count for (of, reason), count in sorted(account.rejected.items()) if of == source},
        )
        for source in sorted(account.sources)
    )
    return Manifest(content_digest(files), recipe, dict(files), sources, dict(sorted(account.personal.items())))
