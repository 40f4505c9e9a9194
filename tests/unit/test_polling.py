"""Polls are on while something is open, and a submission that a poll did not see keeps them on."""

from collections.abc import Iterator

import pytest

from mlops.errors import GithubRefused
from mlops.flow.release import polling
from mlops.flow.release.polling import PollingState
from mlops.github_api import GitHub
from tests.unit.github_imitation import GitHubImitation, serve

LATER, EARLIER = "2026-11-28T12:00:01Z", "2026-11-28T11:59:59Z"


@pytest.fixture
def github() -> Iterator[GitHubImitation]:
    """A repository with both workflows, and no run of `train`."""
    with serve(GitHubImitation(workflows={"poll.yml": "active", "train.yml": "active"})) as made:
        yield made


def turn(github: GitHubImitation, how: str) -> PollingState:
    return polling.run(GitHub.from_environment(github.environment()), on=how == "on").result.state


def test_a_submission_turns_them_on_and_a_tick_with_nothing_open_off(github: GitHubImitation) -> None:
    assert turn(github, "off") is PollingState.OFF
    assert github.workflows["poll.yml"] == "disabled_manually"
    assert turn(github, "on") is PollingState.ON
    assert github.workflows["poll.yml"] == "active"


@pytest.mark.parametrize(
    ("status", "updated", "state"),
    [
        ("in_progress", EARLIER, PollingState.KEPT),
        ("queued", EARLIER, PollingState.KEPT),
        ("waiting", EARLIER, PollingState.OFF),  # for an approval
        ("completed", LATER, PollingState.KEPT),  # it may have submitted after the poll had looked
        ("completed", EARLIER, PollingState.OFF),
    ],
)
def test_a_run_of_train_that_the_tick_may_not_have_seen_keeps_them_on(
    github: GitHubImitation, status: str, updated: str, state: PollingState
) -> None:
    github.runs = [{"status": status, "updated_at": updated, "html_url": "https://github.example/1"}]
    assert turn(github, "off") is state


@pytest.mark.parametrize("how", ["on", "off"])
def test_without_the_workflow_nothing_is_turned(github: GitHubImitation, how: str) -> None:
    del github.workflows["poll.yml"]
    assert turn(github, how) is PollingState.MISSING


def test_a_token_that_may_not_is_told_what_it_lacks(github: GitHubImitation) -> None:
    github.refuse["/enable"] = 403
    with pytest.raises(GithubRefused) as refused:
        turn(github, "on")
    assert "actions: write" in refused.value.problems[0].fix
