"""`mlops cleanup`: a table of items, counts, and what it saves and what still runs."""

from collections import Counter
from collections.abc import Mapping

from mlops.domain.cleanup.plan import Kind
from mlops.domain.cleanup.status import Status
from mlops.domain.training import costs
from mlops.flow.cleanup.cleanup import CleanupItem, CleanupResult, CostSummary
from mlops.render import Report, Table, table
from mlops.render.report import Cell

MOST_KEPT = 100  # rows of the table for what is merely kept; a summary on GitHub holds 1 MiB
_DAYS_A_MONTH = 30


def report(result: CleanupResult) -> Report:
    """For people."""
    shown, hidden = _shown(result)
    where = f" of {result.workspaces} workspaces" if result.workspaces > 1 else ""
    lines = (
        f"looked at {result.endpoints} endpoints{where} at {result.looked_at:%Y-%m-%d %H:%M} (the service's time)",
        *(f"not looked at: {one}" for one in result.unread_workspaces),
        _counts(result),
        *_sums(result),
        "" if result.applied else "dry run: nothing was changed",
        f"{hidden} more are kept; `mlops cleanup --json` lists them all" if hidden else "",
    )
    due = not result.applied and any(item.acts for item in result.items)
    tables = (_items(result, shown), _by_reason(result), *([_machines(result)] if result.machines else []))
    return Report("Cleanup", lines, tables, next_step="mlops cleanup --apply" if due else "")


def outputs(result: CleanupResult) -> Mapping[str, str]:
    """Counts and names by what was done, the hours, and the money where there are prices."""
    found: dict[str, str] = {}
    for status in (Status.MARKED, Status.DELETED, Status.CANCELED, Status.ARCHIVED, Status.FAILED):
        names = [item.name for item in result.items if item.status is status and (result.applied or item.acts)]
        found |= {status.value: str(len(names)), f"{status.value}-names": ", ".join(names)}
    money = result.money
    return {
        **found,
        "saved-instance-hours-a-day": str(result.saved_hours_a_day),
        "running-instance-hours-a-day": str(result.running_hours_a_day),
        "idle-instance-hours-a-day": str(result.idle_hours_a_day),
        "saved-a-day": costs.amount(money.saved_a_day, money.currency) if money else "",
        "running-a-day": costs.amount(money.running_a_day, money.currency) if money else "",
    }


def _shown(result: CleanupResult) -> tuple[list[CleanupItem], int]:
    """What something happens to first, then what is kept, as far as a summary has room."""
    acted = [item for item in result.items if item.status is not Status.KEPT]
    kept = [item for item in result.items if item.status is Status.KEPT]
    return acted + kept[:MOST_KEPT], max(0, len(kept) - MOST_KEPT)


def _items(result: CleanupResult, shown: list[CleanupItem]) -> Table:
    several = result.workspaces > 1
    columns = (*(("workspace",) if several else ()), "kind", "name", "state", "because", "why")
    rows = [
        (*((item.workspace,) if several else ()), item.kind, item.name, item.status, item.because, item.reason)
        for item in shown
    ]
    return table("Items", columns, rows)


def _counts(result: CleanupResult) -> str:
    counts = Counter(item.status.value for item in result.items)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing is there"


def _by_reason(result: CleanupResult) -> Table:
    counts = Counter((item.kind, item.status.value, item.because) for item in result.items)
    order = list(Kind)
    rows = sorted(counts.items(), key=lambda pair: (order.index(pair[0][0]), pair[0][1], pair[0][2]))
    return table("Counts", ("kind", "state", "because", "count"), [(*key, count) for key, count in rows])


def _sums(result: CleanupResult) -> tuple[str, ...]:
    if not result.machines:
        return ("no machine of ours is up",)
    said, money = "this run saves" if result.applied else "the plan would save", result.money
    saved, running, idle = (
        f" ({costs.amount(value, money.currency)})" if money else ""
        for value in ((money.saved_a_day, money.running_a_day, money.idle_a_day) if money else (0.0, 0.0, 0.0))
    )
    unpriced = money.unpriced if money else tuple(row.size for row in result.machines)
    return (
        f"{said} {result.saved_hours_a_day} instance-hours a day{saved}",
        f"{result.running_hours_a_day} a day{running} keep running, {result.idle_hours_a_day}{idle} of them unused",
        _a_month(money) if money else "",
        f"no cost of {', '.join(unpriced)}: prices.instance_hour does not name it" if unpriced else "",
        f"the machines of {result.unread_endpoints} endpoints could not be read and are not counted"
        if result.unread_endpoints
        else "",
    )


def _a_month(money: CostSummary) -> str:
    saved, running = (
        costs.amount(_DAYS_A_MONTH * amount, money.currency) for amount in (money.saved_a_day, money.running_a_day)
    )
    return f"in {_DAYS_A_MONTH} days that is {saved} saved and {running} still spent"


def _machines(result: CleanupResult) -> Table:
    """A row for each VM size, and one for all."""
    columns, money = ("VM size", "saved h a day", "running h a day", "of these idle"), result.money
    rows: list[tuple[Cell, ...]] = [(row.size, row.saved, row.running, row.idle) for row in result.machines]
    rows.append(("all", result.saved_hours_a_day, result.running_hours_a_day, result.idle_hours_a_day))
    if money is None:
        return table("Machines", columns, rows)
    amounts: list[tuple[Cell, ...]] = [
        (None, None)
        if row.price is None
        else tuple(costs.amount(hours * row.price, money.currency) for hours in (row.saved, row.running))
        for row in result.machines
    ]
    amounts.append(tuple(costs.amount(sum_, money.currency) for sum_ in (money.saved_a_day, money.running_a_day)))
    together = [(*left, *right) for left, right in zip(rows, amounts, strict=True)]
    return table("Machines", (*columns, "saved a day", "running a day"), together)
