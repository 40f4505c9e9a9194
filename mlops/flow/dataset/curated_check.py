"""Judges the curated files alone, before anything is prepared; needs no cloud."""

from mlops.dataset import CuratedCheck, check
from mlops.flow.dataset.options import options
from mlops.flow.project import Project


def check_curated(project: Project, curated: list[tuple[str, bytes]]) -> CuratedCheck:
    """Validate them. Raises BadInput with every fault."""
    return check(curated, options(project))
