"""`mlops prepare`: from the pinned dataset and the team's conversations to versioned data assets."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mlops.azure import data
from mlops.dataset import Prepared, SourceChange, huggingface, prepare
from mlops.domain.dataset import FILES, FileEntry, Input, Manifest, Part, Source, SourceEntry, source_tags
from mlops.domain.dataset.rows import NotRead
from mlops.domain.dataset.sources import SourceSpec, spec_of
from mlops.domain.tags import COMMIT_TAG, OWNER_TAG, RECIPE_TAG, ROWS_PREFIX
from mlops.errors import BadInput, Problem
from mlops.flow.context import Context
from mlops.flow.dataset.data import Bin, bins, languages
from mlops.flow.dataset.files import DataFiles, data_files
from mlops.flow.dataset.options import options
from mlops.flow.dataset.recipe import recipe as recipe_of
from mlops.flow.heartbeat import heartbeat
from mlops.flow.outcome import Outcome
from mlops.flow.project import Project
from mlops.params.data import Dataset
from mlops.render import size

TOLD_EVERY = 20_000  # rows
LOOKED_AT = 500  # training rows whose language is guessed


@dataclass(frozen=True)
class PrepareResult:
    """A version of the data. `existed`: it was made before from the same recipe, and nothing was read or written now.

    `rows` by part; null where an older version does not say. `uploaded` are the data assets made now; `folder` is where
    the files lie. `files` and `sources` are empty for a version that existed. `not_read` are files of the data folder
    that are no input. `characters`, `turns` and `languages` are histograms of the training rows, `learned_tokens` the
    estimate for their answers, `changes` the sources with another weight or share than in the preparation before.
    """

    version: str
    recipe: str
    existed: bool
    rows: Mapping[str, int | None]
    not_read: tuple[NotRead, ...]
    folder: Path | None = None
    uploads: bool = False
    uploaded: tuple[str, ...] = ()
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    sources: tuple[SourceEntry, ...] = ()
    personal_data: Mapping[str, int] = field(default_factory=dict)
    redacted: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    characters: tuple[Bin, ...] = ()
    turns: tuple[Bin, ...] = ()
    languages: tuple[Bin, ...] = ()
    learned_tokens: int | None = None
    changes: tuple[SourceChange, ...] = ()


def run(context: Context, *, out: Path, upload: bool) -> Outcome[PrepareResult]:
    """Prepare, write the files with their manifest, and upload them once for each digest."""
    curated = data_files(context.project)
    recipe, name = recipe_of(context.project, list(curated.read)), context.params.data.name
    looks = upload and not data.is_known_absent(context.workspace, name, recipe)
    found = data.find_by_recipe(context.workspace, name, recipe) if looks else None
    if found:
        stated = {role: found[1].get(f"{ROWS_PREFIX}{role}", "") for role in data.ROLES}
        rows = {role: int(text) if text.isdecimal() else None for role, text in stated.items()}
        return Outcome(PrepareResult(found[0], recipe, True, rows, curated.not_read))
    with heartbeat(context.say, "preparing the data"):
        prepared = _prepare(context.project, context.say, curated, recipe, out)
    manifest = prepared.manifest
    files = {role: prepared.files[FILES[role]] for role in data.ROLES}
    tags = _tags(manifest, context.owner, context.commit)
    uploaded: tuple[str, ...] = ()
    if upload:
        with heartbeat(context.say, f"uploading {size(sum(path.stat().st_size for path in files.values()))}"):
            uploaded = tuple(data.upload(context.workspace, name, manifest.digest, files, tags))
    result = PrepareResult(
        version=manifest.digest,
        recipe=recipe,
        existed=False,
        rows={role: manifest.rows(role) for role in data.ROLES},
        not_read=tuple(sorted((*curated.not_read, *prepared.not_read), key=lambda file: file.path)),
        folder=out,
        uploads=upload,
        uploaded=uploaded,
        files=manifest.files,
        sources=tuple(manifest.sources),
        personal_data=manifest.personal_data,
        redacted=manifest.redacted,
        warnings=tuple(str(warning) for warning in prepared.warnings),
        characters=bins(prepared.shape.characters),
        turns=bins(prepared.shape.turns),
        languages=languages(prepared.files[FILES["train"]], LOOKED_AT),
        learned_tokens=prepared.shape.learned_tokens,
        changes=prepared.changes,
    )
    return Outcome(result)


def _prepare(project: Project, say: Callable[[str], None], curated: DataFiles, recipe: str, out: Path) -> Prepared:
    wanted = project.params.data.dataset
    if not wanted and not curated.read:
        where, why = str(project.params_path), "no dataset and no curated file"
        raise BadInput(Problem("there is nothing to train on", where, why=why, fix="add one", key="data"))
    told = options(project)
    inputs = _inputs(say, wanted, told.sources) if wanted else []
    return prepare(inputs, curated.read, told, out, recipe, _Told(say))


def _inputs(say: Callable[[str], None], wanted: Dataset, specs: Sequence[SourceSpec]) -> list[Input]:
    """Both splits. Nothing is downloaded before the first row is asked for, and then both are, before any is judged."""
    spec = spec_of(wanted.id, specs)
    whole = spec is not None and spec.explains
    splits: dict[Part, str] = {"train": wanted.train_split, "test": wanted.test_split}

    @cache
    def fetched() -> dict[Part, Iterator[Any]]:
        found = {}
        for part, split in splits.items():
            say(f"fetching {wanted.percent:g} % of {wanted.id} {split}")
            bars = sys.stderr.isatty()
            found[part] = huggingface.fetch_split(
                wanted.id, wanted.revision, split, wanted.percent, whole=whole, progress=bars
            )
        say("validating, dividing and writing")
        return found

    def rows(part: Part) -> Iterator[Any]:
        yield from fetched()[part]

    return [
        Input(Source(name=wanted.id, kind="dataset", revision=wanted.revision, split=split), part, rows(part))
        for part, split in splits.items()
    ]


class _Told:
    """Says every 20,000 rows how many were read."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._rows = 0

    def __call__(self, more: int) -> None:
        before, self._rows = self._rows, self._rows + more
        if before // TOLD_EVERY != self._rows // TOLD_EVERY:
            self._say(f"{self._rows:,} rows read")


def _tags(manifest: Manifest, owner: str, commit: str) -> dict[str, str]:
    rows = {f"{ROWS_PREFIX}{role}": str(manifest.rows(role)) for role in data.ROLES}
    own = {RECIPE_TAG: manifest.recipe, OWNER_TAG: owner, COMMIT_TAG: commit}
    return {**own, **rows, **source_tags(manifest)}
