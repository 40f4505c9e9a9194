"""Judges the curated files alone, before anything is prepared; needs no cloud."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from mlops.domain.dataset.rows import CuratedCheck, NotRead
from mlops.errors import Problem
from mlops.flow.evaluation import probes
from mlops.flow.project import Project
from mlops.flow.remembered import Remembered


def check_curated(project: Project, curated: list[tuple[str, bytes]]) -> CuratedCheck:
    """Validate them, unless this machine remembers that they are right. Raises BadInput with every fault."""
    known = project.params.data.tokenizer is None  # else it counts, and lies anywhere
    remembered = Remembered.of(project.cache if known else None, project.root, "curated", _inputs(project, curated))
    if (found := _checked(remembered.recall())) is not None:
        return found
    from mlops.dataset import check
    from mlops.flow.dataset.options import options

    checked = check(curated, options(project))
    remembered.keep(asdict(checked))
    return checked


def _checked(kept: Any) -> CuratedCheck | None:
    """What was kept, where it has the form of today."""
    with suppress(KeyError, TypeError):
        warnings = tuple(Problem(**one) for one in kept["warnings"])
        return CuratedCheck(warnings, tuple(NotRead(**one) for one in kept["not_read"]))
    return None


def _inputs(project: Project, curated: list[tuple[str, bytes]]) -> Iterator[bytes]:
    """All that the judgement depends on."""
    params = project.params
    yield json.dumps([params.data.model_dump(), params.model.base, params.training.parameters]).encode()
    for path, content in (*curated, *((path, text.encode()) for path, text in probes.files(project))):
        yield path.encode()
        yield content
    for mapping in (entry.mapping for entry in params.data.sources if entry.mapping):
        place = project.root / mapping
        yield place.read_bytes() if place.is_file() else b""
