"""`mlops prepare`: from the pinned dataset and the team's conversations to versioned data assets."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from mlops.azure import data, hub
from mlops.domain.dataset import (
    FILES,
    MANIFEST,
    REJECTED,
    Input,
    Manifest,
    Options,
    Prepared,
    Source,
    check,
    prepare,
    rejected_lines,
    source_tags,
)
from mlops.errors import BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context, Outcome
from mlops.views import Report, Table, table

T = TypeVar("T")
TOLD_EVERY = 20_000  # rows


def run(context: Context, *, out: Path, upload: bool) -> Outcome:
    """Prepare, write the files with their manifest, and upload them once for each digest."""
    curated = observe.curated_files(context)
    recipe = observe.recipe(context.params, curated)
    found = data.find_by_recipe(context.workspace, context.params.data.name, recipe) if upload else None
    if found:
        report = Report("Data is prepared already", (f"version {found[0]} was made from recipe {recipe}",))
        rows = ", ".join(f"{role} {found[1].get(f'rows-{role}', '?')}" for role in data.ROLES)
        return Outcome(report, {"data-version": found[0], "rows": rows})
    prepared = _prepare(context, curated, recipe)
    files = _write(prepared, out)
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
    return Outcome(report, {"data-version": version, "rows": rows})


def check_curated(context: Context, curated: list[tuple[str, bytes]]) -> list[Problem]:
    """Validate the curated files alone. Raises BadInput with every fault; gives the warnings."""
    return check(curated, _options(context))


def _prepare(context: Context, curated: list[tuple[str, bytes]], recipe: str) -> Prepared:
    options = _options(context)
    wanted = context.params.data.dataset
    inputs = []
    if wanted:
        for part, split in (("train", wanted.train_split), ("test", wanted.test_split)):
            context.say(f"fetching {wanted.percent:g} % of {wanted.id} {split}")
            rows = hub.fetch_split(wanted.id, wanted.revision, split, wanted.percent, progress=sys.stderr.isatty())
            source = Source(name=wanted.id, kind="dataset", revision=wanted.revision, split=split)
            inputs.append(Input(source, part, _told(context, rows, split)))  # type: ignore[arg-type]
    elif not curated:
        raise BadInput(
            Problem(
                "there is nothing to train on",
                str(context.params_path),
                why="no dataset and no curated file",
                fix="add one",
            )
        )
    context.say("validating, dividing and writing")
    return prepare(inputs, curated, options, recipe)


def _told(context: Context, rows: Iterable[T], split: str) -> Iterator[T]:
    """The rows; of a long split people hear how far it is."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % TOLD_EVERY == 0:
            context.say(f"{number:,} rows of {split} read")


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


def _write(prepared: Prepared, out: Path) -> dict[str, Path]:
    out.mkdir(parents=True, exist_ok=True)
    for name, content in prepared.files.items():
        (out / name).write_bytes(content)
    (out / REJECTED).write_text(rejected_lines(prepared.rejections), encoding="utf-8")
    (out / MANIFEST).write_bytes(prepared.manifest.to_json())
    return {role: out / FILES[role] for role in data.ROLES}


def _tags(manifest: Manifest, context: Context) -> dict[str, str]:
    rows = {f"rows-{role}": str(manifest.rows(role)) for role in data.ROLES}
    return {
        data.RECIPE_TAG: manifest.recipe,
        "mlops-owner": context.owner,
        "mlops-commit": context.commit,
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
