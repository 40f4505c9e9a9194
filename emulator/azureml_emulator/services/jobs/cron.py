"""When a schedule is due: cron expressions and recurrences, as the trigger of a schedule states them.

It must not know the store. All times are UTC; a time zone of a trigger is applied by `zone`.
Source: the schedule YAML of Azure ML (CronTrigger, RecurrenceTrigger). Day of month and day of week must both fit.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from azureml_emulator.core.request import Json

FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
STEPS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
FAR = timedelta(days=366 * 2)  # a trigger that is not due within two years is never due
# the names of Windows that people use most; others must be those of the IANA
WINDOWS_ZONES = {
    "utc": "UTC", "eastern standard time": "America/New_York", "central standard time": "America/Chicago",
    "mountain standard time": "America/Denver", "pacific standard time": "America/Los_Angeles",
    "gmt standard time": "Europe/London", "w. europe standard time": "Europe/Berlin",
    "china standard time": "Asia/Shanghai", "india standard time": "Asia/Kolkata", "tokyo standard time": "Asia/Tokyo",
}  # fmt: skip


class BadTrigger(ValueError):
    """A trigger that says nothing that can come."""


def next_due(trigger: Json, after: datetime, created: datetime) -> datetime | None:
    """The first time after `after` that a trigger is due, or None. Raises BadTrigger."""
    zone = _zone(str(trigger.get("timeZone") or "UTC"))
    start = max(_moment(trigger.get("startTime"), zone) or created, created)
    end = _moment(trigger.get("endTime"), zone)
    kind = str(trigger.get("triggerType") or "").lower()
    if kind == "cron":
        found = _cron(str(trigger.get("expression") or ""), max(after, start - timedelta(seconds=1)), zone)
    elif kind == "recurrence":
        found = _recurrence(trigger, after, start, zone)
    else:
        raise BadTrigger(f"triggerType {trigger.get('triggerType')!r} is not Cron or Recurrence")
    return None if found is None or (end and found > end) else found


def _cron(expression: str, after: datetime, zone: ZoneInfo) -> datetime | None:
    minutes, hours, days, months, weekdays = _parse(expression)
    local = after.astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    while day - local < FAR:
        if day.month in months and day.day in days and (day.isoweekday() % 7) in weekdays:
            for hour, minute in product(sorted(hours), sorted(minutes)):
                found = day.replace(hour=hour, minute=minute)
                if found > local:
                    return found.astimezone(UTC)
        day += timedelta(days=1)
    return None


def _parse(expression: str) -> list[set[int]]:
    parts = expression.split()
    if len(parts) != len(FIELDS):
        raise BadTrigger(f"the cron expression {expression!r} has not five fields")
    return [_field(text, *field) for text, field in zip(parts, FIELDS, strict=True)]


def _field(text: str, name: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        whole = span == "*"
        numbers = [first] if not dash else [first, last]
        if not whole and not all(number.isdecimal() for number in numbers):
            raise BadTrigger(f"{part!r} is no {name} of a cron expression")
        begin = low if whole else int(first)
        stop = high if whole or (step and not dash) else int(last or first)
        if step and not (step.isdecimal() and int(step)):
            raise BadTrigger(f"{step!r} is no step of a cron expression")
        found |= set(range(begin, stop + 1, int(step or 1)))
    found = {0 if name == "weekday" and number == 7 else number for number in found}
    if not found or min(found) < low or max(found) > high:
        raise BadTrigger(f"{text!r} is no {name} of a cron expression")
    return found


def _recurrence(trigger: Json, after: datetime, start: datetime, zone: ZoneInfo) -> datetime | None:
    frequency = str(trigger.get("frequency") or "").lower()
    interval = int(trigger.get("interval") or 1)
    pattern = trigger.get("schedule") or {}
    if frequency not in (*STEPS, "month") or interval < 1:
        raise BadTrigger(f"a recurrence every {interval} {frequency or '(no frequency)'} is none")
    for begin in _periods(start, frequency, interval, after, zone):
        for moment in _within(begin, frequency, pattern, zone):
            if moment > after and moment >= start:
                return moment
        if begin - after > FAR:
            return None
    return None


def _periods(start: datetime, frequency: str, interval: int, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The beginnings of periods from about `after` on."""
    if frequency == "month":
        local, months = start.astimezone(zone), 0
        while True:
            year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
            if datetime(year, month + 1, 1, tzinfo=zone) + timedelta(days=31) >= after:
                yield datetime(year, month + 1, 1, local.hour, local.minute, tzinfo=zone).astimezone(UTC)
            months += interval
    step = STEPS[frequency] * interval
    number = max(int((after - start) / step) - 1, 0)
    while True:
        yield start + step * number
        number += 1


def _within(begin: datetime, frequency: str, pattern: Json, zone: ZoneInfo) -> list[datetime]:
    """The moments of one period: itself, or what its pattern says."""
    if not pattern or frequency in ("minute", "hour"):
        return [begin]
    local = begin.astimezone(zone)
    hours = pattern.get("hours") or [local.hour]
    minutes = pattern.get("minutes") or [0 if pattern.get("hours") else local.minute]
    days = [local]
    if frequency == "week" and pattern.get("weekDays"):
        wanted = {DAYS.index(str(day).lower()) for day in pattern["weekDays"] if str(day).lower() in DAYS}
        days = [day for day in (local + timedelta(days=n) for n in range(7)) if day.weekday() in wanted]
    if frequency == "month":
        wanted = {int(day) for day in pattern.get("monthDays") or [1]}
        days = [
            day
            for day in (local + timedelta(days=n) for n in range(31))
            if day.month == local.month and day.day in wanted
        ]
    found = [
        day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0).astimezone(UTC)
        for day, hour, minute in product(days, hours, minutes)
    ]
    return sorted(found)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(WINDOWS_ZONES.get(name.lower(), name))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last of a name that no file could have
        raise BadTrigger(f"the time zone {name!r} is not known") from None


def _moment(text: Any, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise BadTrigger(f"{text!r} is not a time") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
