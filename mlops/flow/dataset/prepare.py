"""`mlops prepare`: from the pinned dataset and the team's conversations to versioned data assets."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mlops.azure import data
from mlops.dataset import Options, Prepared, check, huggingface, prepare
from mlops.domain.dataset import FILES, Input, Manifest, Part, Source, source_tags
from mlops.domain.tags import COMMIT_TAG, OWNER_TAG, RECIPE_TAG
from mlops.errors import BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context, ReportOutcome
from mlops.params.schema import Dataset
from mlops.render import Report, Table, table

TOLD_EVERY = 20_000  # rows


def run(context: Context, *, out: Path, upload: bool) -> ReportOutcome:
    """Prepare, write the files with their manifest, and upload them once for each digest."""
    curated = observe.curated_files(context)
    recipe = observe.recipe(context.params, curated)
    found = data.find_by_recipe(context.workspace, context.params.data.name, recipe) if upload else None
    if found:
        report = Report("Data is prepared already", (f"version {found[0]} was made from recipe {recipe}",))
        rows = ", ".join(f"{role} {found[1].get(f'rows-{role}', '?')}" for role in data.ROLES)
        return ReportOutcome(report, {"data-version": found[0], "rows": rows})
    prepared = _prepare(context, curated, recipe, out)
    files = {role: prepared.files[FILES[role]] for role in data.ROLES}
    version = prepared.manifest.digest
    lines = [f"version {version}", f"written to {out}"]
    if upload:
        made = data.upload(
            context.workspace, context.params.data.name, version, files, _tags(prepared.manifest, context)
        )
        lines.append(
            f"uploaded {', '.join(made)}" if made else "nothing uploaded: the assets of this version are there"
        )
    lines += [str(warning) for warning in prepared.warnings]
    report = Report("Data is prepared", tuple(lines), tables=_tables(prepared.manifest), next_step="mlops submit")
    rows = ", ".join(f"{role} {prepared.manifest.rows(role)}" for role in data.ROLES)
    return ReportOutcome(report, {"data-version": version, "rows": rows})


def check_curated(context: Context, curated: list[tuple[str, bytes]]) -> list[Problem]:
    """Validate the curated files alone. Raises BadInput with every fault; gives the warnings."""
    return check(curated, _options(context))


def _prepare(context: Context, curated: list[tuple[str, bytes]], recipe: str, out: Path) -> Prepared:
    wanted = context.params.data.dataset
    if not wanted and not curated:
        where, why = str(context.params_path), "no dataset and no curated file"
        raise BadInput(Problem("there is nothing to train on", where, why=why, fix="add one"))
    inputs = _inputs(context, wanted) if wanted else []
    return prepare(inputs, curated, _options(context), out, recipe, _Told(context))


def _inputs(context: Context, wanted: Dataset) -> list[Input]:
    """Both splits. Nothing is downloaded before the first row is asked for, and then both are, before any is judged."""
    splits: dict[Part, str] = {"train": wanted.train_split, "test": wanted.test_split}

    @cache
    def fetched() -> dict[Part, Iterator[Any]]:
        found = {}
        for part, split in splits.items():
            context.say(f"fetching {wanted.percent:g} % of {wanted.id} {split}")
            bars = sys.stderr.isatty()
            found[part] = huggingface.fetch_split(wanted.id, wanted.revision, split, wanted.percent, progress=bars)
        context.say("validating, dividing and writing")
        return found

    def rows(part: Part) -> Iterator[Any]:
        yield from fetched()[part]

    return [
        Input(Source(name=wanted.id, kind="dataset", revision=wanted.revision, split=split), part, rows(part))
        for part, split in splits.items()
    ]


class _Told:
    """Says every 20,000 rows how many were read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rows = 0

    def __call__(self, more: int) -> None:
        before, self._rows = self._rows, self._rows + more
        if before // TOLD_EVERY != self._rows // TOLD_EVERY:
            self._context.say(f"{self._rows:,} rows read")


def _options(context: Context) -> Options:
    wanted = context.params.data
    return Options(
        seed=wanted.seed,
        validation_share=wanted.validation_share,
        curated_test_share=wanted.curated_test_share,
        max_characters=wanted.max_characters,
        personal_data=wanted.personal_data,
        near_duplicates=wanted.near_duplicates,
        max_tokens=wanted.max_tokens,
        weights=wanted.weights,
    )


def _tags(manifest: Manifest, context: Context) -> dict[str, str]:
    rows = {f"rows-{role}": str(manifest.rows(role)) for role in data.ROLES}
    return {
        RECIPE_TAG: manifest.recipe,
        OWNER_TAG: context.owner,
        COMMIT_TAG: context.commit,
        **rows,
        **source_tags(manifest),
    }


def _tables(manifest: Manifest) -> tuple[Table, ...]:
    files = [
        (name, entry.rows, entry.messages, entry.tokens, entry.characters.get("p50", 0), entry.characters.get("max", 0))
        for name, entry in manifest.files.items()
    ]
    sources = [
        (s.name, s.split, s.read, s.kept, ", ".join(f"{k} {v}" for k, v in s.rejected.items()) or "none")
        for s in manifest.sources
    ]
    return (
        table("Files", ("file", "rows", "messages", "tokens (estimate)", "characters, median", "longest"), files),
        table("Sources", ("source", "split", "read", "kept", "rejected"), sources),
    )
