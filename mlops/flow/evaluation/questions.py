"""The file of the questions of an evaluation: read once on a machine, or not at all where it was made there."""

from mlops.azure import data, lasting
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation import scoring


def read(workspace: Workspace, job: str, asset: str, version: str) -> str:
    """What is in it, as it was asked for a run. Raises RemoteFailed where it is gone."""
    known = lasting.recall(workspace, job, _what(version))
    if not isinstance(known, str):
        name = asset.removesuffix(f"-{scoring.ROLE}")
        known = data.read(workspace, name, scoring.ROLE, version).decode("utf-8")
        keep(workspace, job, version, known)
    return known


def keep(workspace: Workspace, job: str, version: str, text: str) -> None:
    """Keep it: a version of it does not change."""
    lasting.keep(workspace, job, _what(version), text)


def _what(version: str) -> str:
    return f"questions {version}"
