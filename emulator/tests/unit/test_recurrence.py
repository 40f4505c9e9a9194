"""When a schedule is due."""

from datetime import UTC, datetime
from typing import Any

import pytest

from azureml_emulator.services.jobs.cron import BadTrigger, next_due

MONDAY = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)


def cron(expression: str, **more: Any) -> dict[str, Any]:
    return {"triggerType": "Cron", "expression": expression, **more}


def every(frequency: str, interval: int = 1, **more: Any) -> dict[str, Any]:
    return {"triggerType": "Recurrence", "frequency": frequency, "interval": interval, **more}


@pytest.mark.parametrize(
    ("trigger", "due"),
    [
        (cron("0 2 * * *"), "2026-11-24T02:00"),
        (cron("*/15 * * * *"), "2026-11-23T10:45"),
        (cron("30 10 * * *"), "2026-11-24T10:30"),
        (cron("0 9-17/4 * * 1-5"), "2026-11-23T13:00"),
        (cron("0 0 * * 0"), "2026-11-29T00:00"),
        (cron("0 0 * * 7"), "2026-11-29T00:00"),
        (cron("0 0 29 2 *"), "2028-02-29T00:00"),
        (cron("0 8 * * *", timeZone="Eastern Standard Time"), "2026-11-23T13:00"),
        (cron("0 2 * * *", startTime="2026-12-24T00:00:00"), "2026-12-24T02:00"),
        (every("minute", 20), "2026-11-23T10:50"),
        (every("day", 2), "2026-11-25T10:30"),
        (every("day", schedule={"hours": [6, 18], "minutes": [0, 30]}), "2026-11-23T18:00"),
        (every("week", schedule={"hours": [8], "minutes": [0], "weekDays": ["Monday", "Friday"]}), "2026-11-27T08:00"),
        (every("month", schedule={"hours": [0], "minutes": [0], "monthDays": [1, 15]}), "2026-12-01T00:00"),
    ],
)
def test_the_next_time(trigger: dict[str, Any], due: str) -> None:
    assert next_due(trigger, MONDAY, MONDAY) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("trigger", [cron("0 0 30 2 *"), cron("0 2 * * *", endTime="2026-11-23T12:00:00Z")])
def test_a_trigger_that_never_comes_again(trigger: dict[str, Any]) -> None:
    assert next_due(trigger, MONDAY, MONDAY) is None


@pytest.mark.parametrize(
    ("trigger", "why"),
    [
        (cron("0 2 * *"), "five fields"),
        (cron("99 2 * * *"), "no minute"),
        (cron("x 2 * * *"), "no minute"),
        (cron("*/0 * * * *"), "no step"),
        (cron("0 2 * * *", timeZone="Atlantis"), "not known"),
        (cron("0 2 * * *", startTime="tomorrow"), "not a time"),
        (every("fortnight"), "is none"),
        ({"triggerType": "Moon"}, "not Cron or Recurrence"),
    ],
)
def test_a_trigger_that_says_nothing_is_refused(trigger: dict[str, Any], why: str) -> None:
    with pytest.raises(BadTrigger, match=why):
        next_due(trigger, MONDAY, MONDAY)
