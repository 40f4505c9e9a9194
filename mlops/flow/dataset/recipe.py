"""What names the data that the parameters and files here make, without making it; needs no cloud."""

import json

from mlops.domain.dataset.recipe import recipe_digest
from mlops.flow.evaluation import probes
from mlops.flow.project import Project


def recipe(project: Project, curated: list[tuple[str, bytes]]) -> str:
    """The digest of what preparation would start from. Rows that ask what a probe asks are left out of the data."""
    asked = (json.dumps(probe.messages) for probe in probes.every(project))
    return recipe_digest(project.params.data.model_dump(), curated, asked)
