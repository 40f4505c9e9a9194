"""`mlops check`: each check with what it found, what changed, and what comes of it."""

from collections.abc import Mapping

from mlops.flow.release.check import CheckResult
from mlops.render import Report, table


def report(result: CheckResult) -> Report:
    """For people."""
    rows = [(check.name, "ok" if check.ok else "failed", check.finding) for check in result.checks]
    ok = all(check.ok for check in result.checks)
    return Report(
        "The project is right" if ok else "The project is not right yet",
        (*_changed(result), *result.warnings),
        tables=(table("Checks", ("check", "result", "finding"), rows),),
        next_step="mlops rehearse" if ok and result.rehearse else "",
    )


def outputs(result: CheckResult) -> Mapping[str, str]:
    """Whether to rehearse, and whether the programs changed, so that their own tests are due."""
    return {"rehearse": str(result.rehearse).lower(), "product": str(result.product).lower()}


def _changed(result: CheckResult) -> tuple[str, ...]:
    if result.changed:
        return (f"changed since {result.base}: {', '.join(result.changed)}",)
    if result.rehearse:
        return ("there is nothing to compare with, so everything counts as changed",)
    return (f"nothing changed since {result.base}",)
