"""`mlops data stats`: parts, sources, and what training conversations are like, as charts."""

from collections.abc import Iterable, Mapping

from mlops.domain.dataset import SHAPE_COLUMNS, SourceEntry, shape
from mlops.flow.dataset.data import Bin, StatsResult
from mlops.flow.dataset.prepare import PrepareResult
from mlops.render import Bars, Cell, Report, Table, table

MOST = 40  # sources that people read of


def report(result: StatsResult) -> Report:
    """For people."""
    lines = (
        f"version {result.manifest.digest}, in {result.folder}",
        learned(result.learned_tokens, result.manifest.files["train.jsonl"].tokens),
    )
    tables = (table("Parts", SHAPE_COLUMNS, shape(result.manifest.files)), sources(result.manifest.sources))
    return Report("Prepared data", lines, tables, charts(result, result.manifest.sources))


def learned(tokens: int, of: int) -> str:
    """How much of the training data is learned."""
    return f"about {tokens:,} of {of:,} training tokens are answers, which are what is learned"


def charts(result: StatsResult | PrepareResult, entries: Iterable[SourceEntry]) -> tuple[Bars, ...]:
    """What training conversations are like, and the share of each source."""
    kept = {f"{one.name} {one.split}".rstrip(): one.kept for one in entries}
    shares = sorted(kept.items(), key=lambda pair: (-pair[1], pair[0]))
    found = [
        ("Characters of a training conversation", "conversations", result.characters),
        ("Messages of a training conversation", "conversations", result.turns),
        ("Languages, guessed from the first training rows", "conversations", result.languages),
        ("Rows kept of each source", "rows", tuple(Bin(*pair) for pair in shares)),
    ]
    return tuple(_bars(*chart) for chart in found if chart[2])


def outputs(result: StatsResult) -> Mapping[str, str]:  # noqa: ARG001 - no later step reads it
    """None."""
    return {}


def sources(entries: Iterable[SourceEntry]) -> Table:
    """What came from where, and why rows were left out; the largest sources where there are many."""
    entries = list(entries)
    if len(entries) > MOST:
        entries.sort(key=lambda one: (-one.read, one.name, one.split))
    rows: list[tuple[Cell, ...]] = [
        (
            one.name,
            one.split,
            one.read,
            one.kept,
            one.weight,
            one.licence or None,
            ", ".join(f"{reason} {count}" for reason, count in one.rejected.items()) or "none",
        )
        for one in entries
    ]
    if len(rows) > MOST:
        rows = [*rows[: MOST - 1], (f"and {len(rows) - MOST + 1} more, which --json has", *[None] * 6)]
    return table("Sources", ("source", "split", "read", "kept", "weight", "licence", "rejected"), rows)


def _bars(title: str, unit: str, bins: tuple[Bin, ...]) -> Bars:
    return Bars(title, unit, tuple((one.name, one.count) for one in bins[:12]))
