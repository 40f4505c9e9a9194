"""`mlops doctor`: the checks as one table, and what fixes each that is not ok."""

from collections import Counter
from collections.abc import Mapping

from mlops.flow.release.checkup import CheckStatus, DoctorResult
from mlops.render import Report, table

NEEDS = (CheckStatus.WARNING, CheckStatus.PROBLEM)


def report(result: DoctorResult) -> Report:
    """For people."""
    rows = [(one.area.value, one.name, one.health.value, one.finding) for one in result.checks]
    fixes = [(one.name, one.fix) for one in result.checks if one.health in NEEDS and one.fix]
    return Report(
        "Doctor",
        lines=(_counted(result),),
        tables=(
            table("Checks", ("where", "check", "result", "finding"), rows),
            *([table("Fixes", ("check", "command or change"), fixes)] if fixes else []),
        ),
    )


def outputs(_: DoctorResult) -> Mapping[str, str]:
    """Nothing: the exit code says it."""
    return {}


def _counted(result: DoctorResult) -> str:
    counts = Counter(one.health for one in result.checks)
    return ", ".join(f"{counts[health]} {health.value}" for health in CheckStatus if counts[health])
