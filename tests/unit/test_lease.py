"""Who may change an endpoint: the note of a lease is read back as it was written, and ends by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.promote import lease
from mlops.domain.tags import LEASE_TAG

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def tags(holder: str, lasting: timedelta = 10 * MINUTE) -> dict[str, str]:
    return {LEASE_TAG: str(lease.granted(holder, NOW, lasting))}


@given(st.text(min_size=1).filter(lambda text: text.split()), st.integers(1, 10_000))
def test_a_lease_is_read_back(holder: str, minutes: int) -> None:
    made = lease.granted(holder, NOW, minutes * MINUTE)
    assert lease.read({LEASE_TAG: str(made)}) == made


def test_it_keeps_others_out_until_it_ends() -> None:
    assert lease.of_another(tags("a"), "b", NOW)
    assert lease.of_another(tags("a"), "a", NOW) is None
    assert lease.of_another(tags("a"), "b", NOW + 10 * MINUTE) is None
    assert lease.is_held(tags("a"), "a")
    assert not lease.is_held(tags("a"), "b")


@pytest.mark.parametrize("tags", [{}, {LEASE_TAG: ""}, {LEASE_TAG: " "}, {LEASE_TAG: lease.FREE}])
def test_a_free_endpoint_keeps_nobody_out(tags: dict[str, str]) -> None:
    assert lease.read(tags) is None
    assert lease.of_another(tags, "b", NOW) is None


@pytest.mark.parametrize("said", ["a until tomorrow", "a until 2026-03-01T00:00:00", "somebody's", "until", "0"])
def test_a_tag_that_cannot_be_read_is_not_taken_for_free(said: str) -> None:
    tags = {LEASE_TAG: said}
    with pytest.raises(lease.Unreadable, match="set the tag to -"):
        lease.of_another(tags, "b", NOW)
    assert not lease.is_held(tags, "a")
