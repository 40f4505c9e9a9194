"""Points in time as services write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mlops.domain.moments import parse_date


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00.1234567+00:00", datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_a_date_of_a_service(stated: str, expected: datetime) -> None:
    assert parse_date(stated) == expected


@pytest.mark.parametrize("stated", [None, "", "soon", 7, {}])
def test_anything_else_is_no_date(stated: object) -> None:
    assert parse_date(stated) is None
