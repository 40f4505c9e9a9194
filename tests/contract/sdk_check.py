"""What the SDK itself says of each job that is submitted meanwhile. No test stands here."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mlops.azure import submission
from mlops.azure.submission import Work
from mlops.azure.workspace import Workspace


@contextmanager
def sdk_check() -> Iterator[dict[str, dict[str, str]]]:
    """By the name of the job what is wrong with it, by its place there; the product submits without asking the SDK."""
    found: dict[str, dict[str, str]] = {}
    submit = submission.submit

    def asked(workspace: Workspace, work: Work, name: str) -> tuple[str, bool]:
        found[name] = dict(workspace.ml.jobs.validate(submission.built(workspace, work, name)).error_messages)
        return submit(workspace, work, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submission, "submit", asked)
        yield found
