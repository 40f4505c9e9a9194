"""`mlops prepare`: the version, its files, and what came from where."""

from collections.abc import Mapping, Sequence

from mlops.domain.dataset.manifest import SourceEntry
from mlops.flow.dataset.prepare import PrepareResult
from mlops.render import Report, Table, table


def report(result: PrepareResult) -> Report:
    """For people."""
    if result.existed:
        return Report("Data is prepared already", (f"version {result.version} was made from recipe {result.recipe}",))
    uploaded = f"uploaded {', '.join(result.uploaded)}"
    there = "nothing uploaded: the assets of this version are there"
    lines = (
        f"version {result.version}",
        f"written to {result.folder}",
        (uploaded if result.uploaded else there) if result.uploads else "",
        *result.warnings,
    )
    files = [
        (name, entry.rows, entry.messages, entry.tokens, entry.characters.get("p50", 0), entry.characters.get("max", 0))
        for name, entry in result.files.items()
    ]
    columns = ("file", "rows", "messages", "tokens (estimate)", "characters, median", "longest")
    tables = (table("Files", columns, files), sources(result.sources))
    return Report("Data is prepared", lines, tables, next_step="mlops submit")


def outputs(result: PrepareResult) -> Mapping[str, str]:
    """The version, and the rows of each part."""
    rows = ", ".join(f"{role} {'?' if count is None else count}" for role, count in result.rows.items())
    return {"data-version": result.version, "rows": rows}


def sources(found: Sequence[SourceEntry]) -> Table:
    """What was read of each source, and what was left out for which reason."""
    rows = [
        (one.name, one.split, one.read, one.kept, ", ".join(f"{key} {n}" for key, n in one.rejected.items()) or "none")
        for one in found
    ]
    return table("Sources", ("source", "split", "read", "kept", "rejected"), rows)
