"""Tells what cleanup found and did: a table of items, counts, and what it saves and what still burns.

It must not decide or change anything.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from mlops.domain.cleanup.plan import Because, Item, ItemState, Kind, Plan
from mlops.flow.cleanup import cost_report
from mlops.flow.cleanup.apply import Done
from mlops.flow.cleanup.inventory import Survey
from mlops.params import Params
from mlops.render import Report, table
from mlops.render.report import Table

PLANNED = {
    ItemState.KEEP: "kept",
    ItemState.REPORT: "reported",
    ItemState.MARK: "to mark",
    ItemState.UNMARK: "to unmark",
    ItemState.DELETE: "to delete",
    ItemState.CANCEL: "to cancel",
    ItemState.RELEASE: "to release",
    ItemState.ARCHIVE: "to archive",
    ItemState.REFUSED: "held back",
}
ACTS = frozenset(ItemState) - {ItemState.KEEP, ItemState.REPORT, ItemState.REFUSED}
MOST_KEPT = 100  # rows of the table for what is merely kept; a summary on GitHub holds 1 MiB


def word(item: Item, done: Done) -> str:
    """State of an item in a word: what was done, else what is planned."""
    if said := done.words.get(item.key):
        return said
    return "marked" if item.because is Because.WAITING else PLANNED[item.state]


def report(plan: Plan, surveys: Sequence[Survey], done: Done, params: Params, *, applied: bool) -> Report:
    """Everything, for people and for programs."""
    several = len(surveys) > 1
    looked = sum(len(one.endpoints.seen) for one in surveys)
    time = f"{surveys[0].now:%Y-%m-%d %H:%M}"
    ledger = cost_report.ledger(plan, done, params, applied=applied)
    lines = [
        f"looked at {looked} endpoints{_in_all(surveys)} at {time} (the service's time)",
        _counts(plan, done),
        *cost_report.lines(ledger, params, surveys, applied=applied),
        *([] if applied else ["dry run: nothing was changed"]),
    ]
    shown, hidden = _shown(plan.items, done)
    if hidden:
        lines.append(f"{hidden} more are kept; `mlops --json cleanup` lists them all")
    columns = (*(("workspace",) if several else ()), "kind", "name", "state", "because", "why")
    rows = [
        (*((item.workspace,) if several else ()), item.kind, item.name, word(item, done), item.because, item.reason)
        for item in shown
    ]
    return Report(
        "Cleanup",
        tuple(lines),
        (
            table("Items", columns, rows),
            _by_reason(plan, done),
            *([cost_report.sums(ledger, params)] if ledger.rows else []),
        ),
        next_step="mlops cleanup --apply" if not applied and any(item.state in ACTS for item in plan.items) else "",
        data={"items": [_plain(item, done) for item in plan.items], **cost_report.data(ledger, params)},
    )


def outputs(plan: Plan, done: Done, params: Params, *, applied: bool) -> dict[str, str]:
    """Step outputs: counts and names by what was done, and the hours."""
    found: dict[str, str] = {}
    for said in ("marked", "deleted", "canceled", "archived", "failed"):
        names = [item.name for item in plan.items if done.words.get(item.key) == said]
        found |= {said: str(len(names)), f"{said}-names": ", ".join(names)}
    return found | cost_report.outputs(cost_report.ledger(plan, done, params, applied=applied), params)


def _in_all(surveys: Sequence[Survey]) -> str:
    return f" of {len(surveys)} workspaces" if len(surveys) > 1 else ""


def _counts(plan: Plan, done: Done) -> str:
    counts = Counter(word(item, done) for item in plan.items)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing is there"


def _shown(items: Sequence[Item], done: Done) -> tuple[list[Item], int]:
    """What something happens to first, then what is kept, as far as a summary has room."""
    acted = [item for item in items if word(item, done) != "kept"]
    kept = [item for item in items if word(item, done) == "kept"]
    return acted + kept[:MOST_KEPT], max(0, len(kept) - MOST_KEPT)


def _by_reason(plan: Plan, done: Done) -> Table:
    counts = Counter((item.kind, word(item, done), item.because) for item in plan.items)
    order = list(Kind)
    rows = sorted(counts.items(), key=lambda pair: (order.index(pair[0][0]), pair[0][1], pair[0][2]))
    return table("Counts", ("kind", "state", "because", "count"), [(*key, count) for key, count in rows])


def _plain(item: Item, done: Done) -> Mapping[str, object]:
    return {
        "workspace": item.workspace,
        "kind": item.kind.value,
        "name": item.name,
        "environment": item.environment,
        "state": word(item, done),
        "because": item.because.value,
        "reason": item.reason,
        "ours": item.ours,
        "instances": item.instances,
        "machines": dict(item.machines),
        "marked": item.marked.isoformat() if item.marked else None,
    }
