"""`mlops data`: look at conversations, at their numbers, and at what a change does to them."""

from pathlib import Path

import click

from mlops.cli.options import Listed
from mlops.cli.session import Session


def _formats() -> list[str]:
    from mlops.domain.dataset.formats import FORMATS, GROUPED

    return [*(one.name for one in FORMATS if one.name != "preference"), GROUPED]


def _splits() -> list[str]:
    from mlops.domain.dataset.manifest import FILES

    return list(FILES)


def _reasons() -> list[str]:
    from mlops.domain.dataset.rows import Reason

    return [str(reason) for reason in Reason]


folder_option = click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/data"),
    show_default=True,
    help="Where `mlops prepare` wrote the files.",
)


@click.group(short_help="Look at conversations, their numbers, their changes.")
def command() -> None:
    """Look at conversations, at their numbers, and at what a change does to them."""


@command.command()
@folder_option
@click.option("--rows", type=click.IntRange(1), default=3, show_default=True, help="How many.")
@click.option("--split", type=Listed(_splits), default="train", show_default=True, help="Which part.")
@click.option("--rejected", type=Listed(_reasons), help="Rows that were left out.")
@click.pass_obj
def show(session: Session, folder: Path, rows: int, split: str, rejected: str | None) -> None:
    """Print conversations as a person would read them."""
    from mlops.flow.dataset import data
    from mlops.views import data_show

    session.answer_alone(lambda: data.show(folder, rows=rows, split=split, reason=rejected), data_show)


@command.command()
@folder_option
@click.pass_obj
def stats(session: Session, folder: Path) -> None:
    """Print counts by part and source, and how long conversations are."""
    from mlops.flow.dataset import data
    from mlops.views import data_stats

    session.answer_alone(lambda: data.stats(folder), data_stats)


@command.command()
@click.argument("revision")
@click.pass_obj
def diff(session: Session, revision: str) -> None:
    """Say what the working tree adds to, removes from and edits in the conversations of a commit."""
    from mlops.flow.dataset import diff as flow
    from mlops.views import data_diff

    session.answer(lambda context: flow.run(context.project, revision), data_diff)


@command.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; the default is below the data folder, imported/.",
)
@click.option("--format", "kind", type=Listed(_formats), help="The format; the default is to recognise it.")
@click.option(
    "--columns", metavar="ROLE=COLUMN,...", help="Columns of a table: user=... and assistant=..., also system, context."
)
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Mapping file for an export of a chat or help-desk system.",
)
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of a text without a byte order mark.")
@click.option("--skip-invalid", is_flag=True, help="Leave out rows that cannot be used, instead of refusing the file.")
@click.option("--yes", is_flag=True, help="Write over a file with other content without asking.")
@click.pass_obj
def import_files(
    session: Session,
    files: tuple[Path, ...],
    target: Path | None,
    kind: str | None,
    columns: str | None,
    mapping: Path | None,
    encoding: str,
    skip_invalid: bool,
    yes: bool,
) -> None:
    """Turn files of other formats into one file of conversations, and show what was understood.

    ShareGPT, Alpaca, prompt and completion, OpenAI's chat format, trees of replies and marked texts are recognised, in
    JSON, JSON lines, CSV, TSV, Parquet and Arrow, also packed by gzip or zstd. Rows in more than one file count once.
    """
    from mlops.domain.dataset.sources import SourceSpec
    from mlops.flow.dataset import importing
    from mlops.flow.dataset.options import read_mapping
    from mlops.views import data_import

    if sum(map(bool, (kind, columns, mapping))) > 1:
        raise click.UsageError("--format, --columns and --mapping cannot be combined")
    threads = read_mapping(mapping) if mapping else None
    spec = SourceSpec("*", kind, _columns(columns), threads, encoding)
    wanted = importing.ImportSpec(files, target, spec, skip_invalid)

    def overwrite(path: Path) -> bool:
        if yes or not session.stderr.isatty() or session.actions.sha:
            return yes
        return click.confirm(f"{path} has other content. Write over it?", err=True)

    session.answer(lambda context: importing.run(context.project, wanted, overwrite), data_import)


def _columns(text: str | None) -> dict[str, str]:
    """`user=Question,assistant=Answer` as a mapping."""
    from mlops.domain.dataset.formats.pairs import ROLES

    if not text:
        return {}
    pairs = [part.partition("=") for part in text.split(",")]
    found = {role.strip(): column.strip() for role, _, column in pairs}
    if not {"user", "assistant"} <= found.keys() <= set(ROLES) or not all(found.values()):
        raise click.BadParameter("say user=COLUMN,assistant=COLUMN, and if there are any system=... and context=...")
    return found
