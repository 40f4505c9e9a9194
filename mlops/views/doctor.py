"""`mlops doctor`: the checks as one table."""

from collections.abc import Mapping

from mlops.flow.release.doctor import DoctorResult
from mlops.render import Report, table


def report(result: DoctorResult) -> Report:
    """For people."""
    rows = [(check.name, check.health.value, check.finding) for check in result.checks]
    return Report("Doctor", tables=(table("Checks", ("check", "result", "finding"), rows),))


def outputs(_: DoctorResult) -> Mapping[str, str]:
    """Nothing: the exit code says it."""
    return {}
