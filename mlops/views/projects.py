"""`mlops projects`: one row a model of the repository, and the list that a workflow's matrix is made of."""

import json
from collections.abc import Mapping

from mlops.flow.repository.projects import ProjectsResult
from mlops.render import Report, table


def report(result: ProjectsResult) -> Report:
    """For people."""
    rows = [(one.folder, one.model, "concerned" if one.concerned else "not changed") for one in result.projects]
    since = f"what changed since {result.base}" if result.base else "without a base each is concerned"
    return Report("Models of this repository", (since,), (table("", ("folder", "model", "what"), rows),))


def outputs(result: ProjectsResult) -> Mapping[str, str]:
    """The folders that are concerned, as a JSON list."""
    return {"projects": json.dumps([one.folder for one in result.projects if one.concerned])}
