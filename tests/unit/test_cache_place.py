"""Where a command keeps what it need not read again: with the person, and in a workflow with the job alone."""

from pathlib import Path

import pytest

from mlops.cli.session import cache_folder


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"HOME": "/somebody"}, "/somebody/.cache/mlops"),
        ({"HOME": "/somebody", "XDG_CACHE_HOME": "/cache"}, "/cache/mlops"),
        ({"HOME": "/somebody", "GITHUB_ACTIONS": "true", "RUNNER_TEMP": "/temporary"}, "/temporary/mlops"),
        ({"HOME": "/somebody", "XDG_CACHE_HOME": "/cache", "GITHUB_ACTIONS": "true"}, None),
        ({}, None),
    ],
)
def test_a_job_keeps_nothing_for_other_jobs(environ: dict[str, str], found: str | None) -> None:
    """On a runner of one's own all share one home, and what a pull request left there must not speak for a model."""
    assert cache_folder(environ) == (Path(found) if found else None)
