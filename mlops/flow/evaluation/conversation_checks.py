"""The checks that the team's own conversations carry, read from the files of the repository."""

from collections.abc import Mapping
from typing import Any

from mlops.dataset.row_reading import rows_of
from mlops.domain.dataset.policies import screen
from mlops.domain.dataset.rows import PACKED
from mlops.domain.dataset.sources import SourceSpec
from mlops.domain.dataset.validate import Conversation, check
from mlops.domain.evaluation.probes.checks import Check
from mlops.domain.evaluation.probes.of_conversations import KEY, Checks
from mlops.flow.dataset.files import curated_files
from mlops.flow.dataset.options import options
from mlops.flow.project import Project


def stated(project: Project) -> Checks:
    """By conversation, as it stands in the prepared data. A row that preparation refuses has none."""
    told, found = options(project), {}
    for path, data in curated_files(project):
        if KEY.encode() not in data and not path.lower().endswith(PACKED):
            continue  # most files: nothing of them has to be read
        for row in _rows(path, data, told.sources):
            known = check(row, told.max_characters, told.max_tokens, strict=True)
            kept = screen(known, told.policies).found if isinstance(known, Conversation) else None
            if kept:
                found[kept.messages] = tuple[Check, ...](row[KEY])
    return found


def _rows(path: str, data: bytes, sources: tuple[SourceSpec, ...]) -> list[Mapping[str, Any]]:
    values = (value for _, value in rows_of(path, data, sources) or ())
    return [value for value in values if isinstance(value, Mapping) and value.get(KEY)]
