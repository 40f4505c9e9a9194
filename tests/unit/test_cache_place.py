"""Where a command keeps what it need not read again: with the person, and in a workflow with the job alone."""

from pathlib import Path

import pytest

from mlops.cli.session import cache_folder


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"HOME": "/home/a"}, "/home/a/.cache/mlops"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/cache"}, "/cache/mlops"),
        ({"HOME": "/home/a", "GITHUB_ACTIONS": "true", "RUNNER_TEMP": "/work/_temp"}, "/work/_temp/mlops"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/cache", "GITHUB_ACTIONS": "true"}, None),
        ({}, None),
    ],
)
def test_a_job_keeps_nothing_for_other_jobs(environ: dict[str, str], found: str | None) -> None:
    """On a runner of one's own all share one home, and what a pull request left there must not speak for a model."""
    assert cache_folder(environ) == (Path(found) if found else None)
