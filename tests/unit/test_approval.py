"""Who approved a promotion on GitHub, read from an imitation of its REST interface, and as it stands in tags."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops.domain.promote import audit
from mlops.domain.promote.audit import LONGEST, AuditEntry
from mlops.domain.registry import passed
from mlops.domain.registry.passed import EnvironmentPass
from mlops.flow.promote import approval
from mlops.github_api import GitHub
from tests.unit.github_imitation import GitHubImitation, serve

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def review(state: str, who: str | None, *environments: str) -> dict[str, Any]:
    places = [{"id": 1, "name": name} for name in environments]
    return {"state": state, "comment": "", "user": {"login": who} if who else None, "environments": places}


@pytest.fixture
def github() -> Iterator[GitHubImitation]:
    with serve(GitHubImitation()) as made:
        yield made


def asked(github: GitHubImitation, environment: dict[str, str] | None = None) -> tuple[str, list[str]]:
    """Who approved production, and what was said."""
    said: list[str] = []
    given = github.environment() if environment is None else environment
    return approval.approved_by(lambda: GitHub.from_environment(given), "production", said.append), said


def test_it_is_who_approved_this_environment_and_nobody_else(github: GitHubImitation) -> None:
    github.approvals = [
        review("approved", "ada", "staging"),
        review("rejected", "eve", "production"),
        review("pending", "joe", "production"),
        review("approved", None, "production"),  # a deployment protection rule and no person
        review("approved", "bob", "eu", "production"),
        review("approved", "bob", "production"),  # again, of a run that was started again
    ]
    assert asked(github) == ("bob", [])


def test_nobody_was_asked(github: GitHubImitation) -> None:
    assert asked(github) == ("", [])


@pytest.mark.parametrize("status", [403, 404])
def test_a_right_that_is_missing_is_said_and_stops_nothing(github: GitHubImitation, status: int) -> None:
    github.refuse["/approvals"] = status
    who, (said,) = asked(github)
    assert who == ""
    assert "production: who approved this is not known" in said
    assert "permissions: actions: read" in said


def test_a_job_that_was_not_given_its_token_is_told_so(github: GitHubImitation) -> None:
    who, (said,) = asked(github, {name: text for name, text in github.environment().items() if "TOKEN" not in name})
    assert who == ""
    assert "GITHUB_TOKEN" in said


def test_a_decision_says_who_approved_it() -> None:
    entry = AuditEntry(NOON, "ada", "monthly", "bob,eve")
    assert entry.to_tag() == "2026-11-28T12:00:00+00:00 by ada approved by bob,eve: monthly"
    assert audit.read(entry.to_tag()) == entry
    assert entry.told == "2026-11-28 12:00 UTC, by ada, approved by bob and eve, because: monthly"


def test_a_fact_that_the_next_environment_asks_for_is_never_cut_for_a_name() -> None:
    one = EnvironmentPass(NOON, "a" * 39, "", f"{'m' * 60}:{'d' * 30}", "0123456789ab", 0.4, 2, "b" * 39, "dev")
    assert len(one.to_tag()) <= LONGEST
    found = passed.read({"mlops-passed-eu": one.to_tag()}, "eu")
    assert found is not None
    assert (found.data, found.skipped, found.approved) == (one.data, "dev", "")
