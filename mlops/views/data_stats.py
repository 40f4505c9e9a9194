"""`mlops data stats`: counts by part and source, and a chart of lengths."""

from collections.abc import Mapping

from mlops.domain.dataset import SHAPE_COLUMNS, shape
from mlops.flow.dataset.data import DataStatsResult
from mlops.render import Bars, Report, table
from mlops.views.prepare import sources


def report(result: DataStatsResult) -> Report:
    """For people."""
    bars = tuple((one.characters, one.conversations) for one in result.lengths)
    charts = (Bars("Characters of a training conversation", "conversations", bars),) if bars else ()
    tables = (table("Parts", SHAPE_COLUMNS, shape(result.files)), sources(result.sources))
    return Report("Prepared data", (f"version {result.version}, in {result.folder}",), tables, charts)


def outputs(_: DataStatsResult) -> Mapping[str, str]:
    """Nothing: it is for people."""
    return {}
