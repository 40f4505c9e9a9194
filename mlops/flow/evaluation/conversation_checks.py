"""The checks that the team's own conversations carry, read from the files of the repository."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops.domain.dataset.rows import PACKED
from mlops.domain.evaluation.probes.checks import Check
from mlops.domain.evaluation.probes.of_conversations import KEY, Checks
from mlops.flow.dataset.files import curated_files
from mlops.flow.project import Project

if TYPE_CHECKING:
    from mlops.domain.dataset.sources import SourceSpec


def stated(project: Project) -> Checks:
    """By conversation, as it stands in the prepared data. A row that preparation refuses has none."""
    files = [(path, data) for path, data in curated_files(project) if _may_have(path, data)]
    return _of(project, files) if files else {}  # of most projects nothing has to be read


def _may_have(path: str, data: bytes) -> bool:
    return KEY.encode() in data or path.lower().endswith(PACKED)


def _of(project: Project, files: list[tuple[str, bytes]]) -> Checks:
    from mlops.domain.dataset.policies import screen
    from mlops.domain.dataset.validate import Conversation, check
    from mlops.flow.dataset.options import options

    told, found = options(project), {}
    for path, data in files:
        for row in _rows(path, data, told.sources):
            known = check(row, told.max_characters, told.max_tokens, strict=True)
            kept = screen(known, told.policies).found if isinstance(known, Conversation) else None
            if kept:
                found[kept.messages] = tuple[Check, ...](row[KEY])
    return found


def _rows(path: str, data: bytes, sources: "tuple[SourceSpec, ...]") -> list[Mapping[str, Any]]:
    from mlops.dataset.row_reading import rows_of

    values = (value for _, value in rows_of(path, data, sources) or ())
    return [value for value in values if isinstance(value, Mapping) and value.get(KEY)]
