"""`mlops prepare`: the version, its files and sources, what was left out, and which files were not read."""

from collections.abc import Mapping

from mlops.flow.dataset.prepare import PrepareResult
from mlops.render import Report, Table, table
from mlops.views.data_stats import charts, learned, sources

LONGEST = 20  # rows of a list that people read


def report(result: PrepareResult) -> Report:
    """For people."""
    not_read = _not_read(result)
    if result.existed:
        line = f"version {result.version} was made from recipe {result.recipe}"
        return Report("Data is prepared already", (line,), not_read)
    lines = [f"version {result.version}", f"written to {result.folder}"]
    if result.uploads:
        made = f"uploaded {', '.join(result.uploaded)}"
        lines.append(made if result.uploaded else "nothing uploaded: the assets of this version are there")
    for name, counts in (("personal data and secrets, left in", result.personal_data), ("redacted", result.redacted)):
        if counts:
            lines.append(f"{name}: {', '.join(f'{kind} {count}' for kind, count in counts.items())}")
    if result.learned_tokens is not None:
        lines.append(learned(result.learned_tokens, result.files["train.jsonl"].tokens))
    lines += result.warnings
    tables = (*_changes(result), *_tables(result), *not_read)
    return Report("Data is prepared", tuple(lines), tables, charts(result, result.sources), next_step="mlops submit")


def outputs(result: PrepareResult) -> Mapping[str, str]:
    """The version of the data assets, and their rows by role."""
    rows = ", ".join(f"{role} {'?' if count is None else count}" for role, count in result.rows.items())
    return {"data-version": result.version, "rows": rows}


def _tables(result: PrepareResult) -> tuple[Table, ...]:
    files = [
        (name, entry.rows, entry.messages, entry.tokens, entry.characters.get("p50", 0), entry.characters.get("max", 0))
        for name, entry in result.files.items()
    ]
    columns = ("file", "rows", "messages", "tokens (estimate)", "characters, median", "longest")
    return (table("Files", columns, files), sources(result.sources))


def _changes(result: PrepareResult) -> tuple[Table, ...]:
    """Sources with another weight or share than before; each of their rows stands in a file."""
    if not result.changes:
        return ()
    title = f"Other weights or shares than before; {result.folder}/changes.jsonl has each row"
    columns = ("source", "split", "then", "now", "rows came", "went", "more often", "less often")
    rows = [
        (one.name, one.split, _draw(one.before), _draw(one.after), one.came, one.went, one.more, one.less)
        for one in result.changes
    ]
    return (table(title, columns, rows),)


def _draw(drawn_by: tuple[float, float, int | None]) -> str:
    weight, share, most = drawn_by
    told = f"weight {weight:g}, share {share:g}"
    return told if most is None else f"{told}, at most {most}"


def _not_read(result: PrepareResult) -> tuple[Table, ...]:
    rows = [(file.path, file.reason) for file in result.not_read]
    if len(rows) > LONGEST:
        rows = [*rows[:LONGEST], (f"and {len(rows) - LONGEST} more", "--json has all of them")]
    return (table("Not read", ("file", "reason"), rows),) if rows else ()
