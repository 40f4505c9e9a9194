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

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops.dataset.options import Options, Prepared, SourceChange, TrainingShape
from mlops.dataset.tokens import ChatTokens
from mlops.domain.dataset.grouped import grouped, warnings
from mlops.domain.dataset.manifest import FILES, FileEntry, Manifest, SourceEntry, content_digest
from mlops.domain.dataset.rows import CuratedCheck, Fault, Input, Place, Source
from mlops.domain.dataset.sampling import MANIFEST, REJECTED
from mlops.domain.dataset.sources import SourceSpec, spec_of, weight_of
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:  # these load numpy and polars, which only a real preparation should pay for
    from mlops.dataset.curated import CuratedFiles
    from mlops.dataset.minhash import Integers
    from mlops.dataset.rejections import RejectionLog
    from mlops.dataset.spill import SpillFiles
    from mlops.dataset.table import Table

CHANGES = "changes.jsonl"  # rows that another weight or share of a source brings or takes, where there are any
REFUSED = "refused.jsonl"  # every fault of the team's own files, where there are any
MINIMUM_TRAIN_ROWS = 10  # the component refuses fewer (facts: acft constants, min 10 rows after filtering)


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
    with every fault of the curated files, the whole list of which is then in the folder, or when fewer than 10 training
    rows are left. For the same inputs the bytes are the same on every machine and in whatever order the rows come. The
    test file may be empty.
    """
    tokenizer = ChatTokens.read(options.tokenizer) if options.tokenizer else None
    own = _curated(curated, options)
    listing = out / REFUSED
    listing.unlink(missing_ok=True)
    if own.faults:
        _list(own.faults, listing)
        raise BadInput(grouped(own.faults, f"all of them are in {listing}"))
    _check_names(options, [*own.sources, *(given.source for given in inputs)])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".partial-") as folder:
        made = _made(inputs, own, options, tokenizer, Path(folder), recipe, progress)
        (out / CHANGES).unlink(missing_ok=True)
        for name in (*FILES.values(), REJECTED, MANIFEST, *([CHANGES] if made.changes else [])):
            shutil.move(Path(folder) / name, out / name)
    files = {name: out / name for name in FILES.values()}
    told = (*_warnings(own), *made.told)
    return Prepared(told, tuple(own.not_read), files, made.manifest, made.shape, made.changes)


def check(curated: Iterable[tuple[str, bytes]], options: Options) -> CuratedCheck:
    """Judge curated files alone, (path, bytes). Raises BadInput with every fault."""
    own = _curated(curated, options)
    if own.faults:
        raise BadInput(grouped(own.faults, "`mlops prepare --no-upload` writes the whole list to a file"))
    return CuratedCheck(tuple(_warnings(own)), tuple(own.not_read))


def _curated(curated: Iterable[tuple[str, bytes]], options: Options) -> "CuratedFiles":
    from mlops.dataset.curated import CuratedFiles
    from mlops.domain.evaluation.probes.leaks import Questions

    own = CuratedFiles(
        options.max_characters,
        options.max_tokens,
        options.policies,
        options.near_duplicates,
        options.sources,
        options.duplicates == "remove",
        Questions(options.questions, options.near_duplicates),
    )
    own.read(sorted(curated))
    return own


def _warnings(own: "CuratedFiles") -> list[Problem]:
    why = "params.yaml says `warn` (data.personal_data, data.control_tokens)"
    return warnings(own.warnings, why)


def _list(faults: Iterable[tuple[Place, Fault]], path: Path) -> None:
    """Every fault with its place, one JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for place, fault in faults:
            where = {"path": place.path, "line": place.line, "row": place.row, "column": fault.column}
            record = {**where, "reason": str(fault.reason), "what": fault.what, "fix": fault.fix}
            file.write(json.dumps(record) + "\n")


@dataclass(frozen=True)
class _Made:
    manifest: Manifest
    told: list[Problem]
    shape: TrainingShape
    changes: tuple[SourceChange, ...]


def _made(
    inputs: Sequence[Input],
    own: "CuratedFiles",
    options: Options,
    tokenizer: ChatTokens | None,
    folder: Path,
    recipe: str,
    progress: Callable[[int], None],
) -> _Made:
    import numpy as np

    from mlops.dataset import choose, output, select
    from mlops.dataset.changes import Before, changes
    from mlops.dataset.frames import Limits
    from mlops.dataset.ingest import Ingest, explained
    from mlops.dataset.rejections import RejectionLog
    from mlops.dataset.spill import SpillFiles
    from mlops.domain.evaluation.probes.leaks import Questions

    questions = Questions(options.questions, options.near_duplicates)
    limits = Limits(options.max_characters, options.max_tokens, options.policies, questions)
    with closing(SpillFiles(folder)) as spill, closing(RejectionLog(folder / REJECTED)) as log:
        ingest = Ingest(spill, log, limits, select.order_salt(options.seed), progress)
        ingest.add_curated(own)
        curated_rows = spill.rows
        for given in inputs:
            spec = spec_of(given.source.name, options.sources)
            ingest.add_dataset(explained(given, spec) if spec and spec.explains else given)
        table = spill.table()
        select.hold_out(table[:curated_rows], options.curated_test_share)
        kept = choose.distinct(table, spill, log, options.near_duplicates)
        kept = choose.sampled(table, kept, spill, log, options)
        parts = select.divide(table, kept, options.validation_share, options.seed)
        parts["train"] = choose.weighted(table, parts["train"], spill, log, options)
        if len(parts["train"]) < MINIMUM_TRAIN_ROWS:
            raise BadInput(_too_few(len(parts["train"]), log))
        told = _told(table, np.unique(np.concatenate(list(parts.values()))), spill, options, tokenizer)
        ordered = {part: output.Ordered(*select.shuffled(table, rows, options.seed)) for part, rows in parts.items()}
        files = output.write(folder, table, ordered, spill)
        manifest = _manifest(table, parts, files, log, recipe, options)
        changed: tuple[SourceChange, ...] = ()
        if before := Before.read(folder.parent):
            changed = changes(before, manifest.sources, table, parts["train"], log.sources, folder / CHANGES)
    (folder / MANIFEST).write_bytes(manifest.to_json())
    return _Made(manifest, told, choose.shape_of(table, parts["train"]), changed)


def _told(
    table: "Table", used: "Integers", spill: "SpillFiles", options: Options, tokenizer: ChatTokens | None
) -> list[Problem]:
    """What the training would cut, and what would fail it."""
    from mlops.dataset import choose

    told = []
    if options.window and (over := choose.beyond_window(table, used, options.window, spill, tokenizer))[0]:
        told.append(_cut(*over, options.window, "the base model's tokenizer" if tokenizer else "the estimate"))
    if tokenizer and (refused := choose.refused_by_template(table, used, spill, tokenizer))[0]:
        what = f"the base model's chat template refuses {refused[0]:,} conversations, which fails the training"
        told.append(Problem(what, why=refused[1], fix="write them so that the template takes them"))
    return told


def _cut(rows: int, tokens: int, window: int, counted: str) -> Problem:
    many = "1 conversation has" if rows == 1 else f"{rows:,} conversations have"
    what = f"{many} more tokens than the {window:,} that the training looks at"
    why = f"by {counted} {tokens:,} tokens at the end are cut, without a word of the component"
    return Problem(what, why=why, fix="split them, or let data.max_tokens leave them out", key="data.max_tokens")


def _check_names(options: Options, sources: Sequence[Source]) -> None:
    """Every pattern of the parameters fits a source; else a spelling mistake would change nothing in silence."""
    patterns = [("data.weights", pattern) for pattern in options.weights]
    patterns += [("data.sources", spec.path) for spec in options.sources]
    names = ", ".join(sorted({one.name for one in sources})) or "none"
    problems = [
        Problem(f"{key}: {pattern!r} fits no source", "params.yaml", why=f"there are {names[:400]}", fix="correct it")
        for key, pattern in patterns
        if not any(fnmatchcase(one.name, pattern) for one in sources)
    ]
    if problems:
        raise BadInput(problems)


def _too_few(count: int, log: "RejectionLog") -> Problem:
    reasons: dict[str, int] = {}
    for (_, reason), number in log.rejected.items():
        reasons[reason] = reasons.get(reason, 0) + number
    told = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    rejected = ", ".join(f"{number} rejected as `{reason}`" for reason, number in told) or "none rejected"
    return Problem(
        f"{count} training rows are left, at least {MINIMUM_TRAIN_ROWS} are needed",
        why=f"of {sum(log.read.values())} rows read, {rejected}; some are held out for validation and test",
        fix="add conversations below the curated folder, raise data.dataset.percent, or correct the rejected rows",
    )


def _said(spec: SourceSpec | None) -> dict[str, Any]:
    return {"licence": spec.licence, "share": spec.share, "max_rows": spec.max_rows} if spec else {}


def _manifest(
    table: "Table",
    parts: Mapping[str, "Integers"],
    files: Mapping[str, FileEntry],
    log: "RejectionLog",
    recipe: str,
    options: Options,
) -> Manifest:
    import numpy as np

    used = np.unique(np.concatenate(list(parts.values())))
    kept = np.bincount(table["source"][used], minlength=len(log.sources))
    sources = tuple(
        SourceEntry(
            **vars(source),
            read=log.read[source],
            kept=int(kept[log.sources.index(source)]),
            rejected={reason: count for (of, reason), count in sorted(log.rejected.items()) if of == source},
            weight=weight_of(source, options.sources, options.weights),
            **_said(spec_of(source.name, options.sources)),
        )
        for source in sorted(log.sources)
    )
    return Manifest(
        content_digest(files),
        recipe,
        dict(files),
        sources,
        dict(sorted(log.personal.items())),
        dict(sorted(log.redacted.items())),
    )
