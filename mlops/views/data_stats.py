"""`mlops data stats`: parts, sources, and what training conversations are like, as charts."""

from collections.abc import Iterable, Mapping

from mlops.domain.dataset import SHAPE_COLUMNS, SourceEntry, shape
from mlops.flow.dataset.data import Bin, StatsResult
from mlops.render import Bars, Report, Table, table


def report(result: StatsResult) -> Report:
    """For people."""
    charts = [
        ("Characters of a training conversation", "conversations", result.characters),
        ("Messages of a training conversation", "conversations", result.turns),
        ("Languages, guessed from the first training rows", "conversations", result.languages),
        ("Rows kept of each source", "rows", result.sources),
    ]
    tokens = result.manifest.files["train.jsonl"].tokens
    lines = (
        f"version {result.manifest.digest}, in {result.folder}",
        f"about {result.learned_tokens:,} of {tokens:,} training tokens are answers, which are what is learned",
    )
    tables = (table("Parts", SHAPE_COLUMNS, shape(result.manifest.files)), sources(result.manifest.sources))
    return Report("Prepared data", lines, tables, tuple(_bars(*chart) for chart in charts if chart[2]))


def outputs(result: StatsResult) -> Mapping[str, str]:  # noqa: ARG001 - no later step reads it
    """None."""
    return {}


def sources(entries: Iterable[SourceEntry]) -> Table:
    """What came from where, and why rows were left out."""
    rows = [
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
    return table("Sources", ("source", "split", "read", "kept", "weight", "licence", "rejected"), rows)


def _bars(title: str, unit: str, bins: tuple[Bin, ...]) -> Bars:
    return Bars(title, unit, tuple((one.name, one.count) for one in bins[:12]))
