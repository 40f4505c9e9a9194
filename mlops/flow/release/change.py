"""`mlops report change`: writes what a pull request would change as a file; needs no cloud and trusts nobody."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops import history
from mlops.domain.release.change_report import (
    ARTIFACT,
    MOST,
    MOST_PARAMETERS,
    ChangedCount,
    ChangedParameter,
    ChangeReport,
    HourlyCost,
    ShownConversation,
    ShownEdit,
    cut,
    written,
)
from mlops.domain.training.costs import MachineCost
from mlops.flow.dataset import diff
from mlops.flow.dataset.diff import DiffResult, Excerpt
from mlops.flow.outcome import Outcome
from mlops.flow.project import Project
from mlops.flow.release import offline_plan
from mlops.flow.release.offline_plan import OfflinePlanResult

SHOWN = 5  # conversations of a kind


@dataclass(frozen=True)
class ChangeResult:
    """The file, the name under which its job keeps it, and what is in it."""

    path: str
    artifact: str
    report: ChangeReport


def run(project: Project, *, base: str, out: Path) -> Outcome[ChangeResult]:
    """Compare with the commit `base`, and write. Raises BadInput with every fault of parameters and conversations."""
    planned = offline_plan.run(project, base=base).result
    report = _report(project, planned, diff.run(project, base).result)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(written(report))
    return Outcome(ChangeResult(str(out), _artifact(project), report))


def _artifact(project: Project) -> str:
    """Of its folder, where that is not the top: several projects keep theirs side by side."""
    top = history.top(project.root)
    folder = project.root.resolve().relative_to(top.resolve()).as_posix()
    return ARTIFACT if folder == "." else f"{ARTIFACT}-{re.sub(r'[^A-Za-z0-9-]+', '-', folder)}"


def _report(project: Project, planned: OfflinePlanResult, data: DiffResult) -> ChangeReport:
    found = planned.difference
    parameters = found.parameters if found else ()
    gaps = (f"{name} was not compared: what it held before is in Git LFS, and not here" for name in data.not_compared)
    warnings = (*planned.retirement, *gaps, *planned.warnings)
    return ChangeReport(
        form=1,
        model=cut(project.params.model.name),
        base_model=cut(planned.base_model),
        trains=found.trains if found else None,
        files=found.files if found else 0,
        parameters=tuple(
            ChangedParameter(cut(one.key), cut(one.before), cut(one.after)) for one in parameters[:MOST_PARAMETERS]
        ),
        more_parameters=max(0, len(parameters) - MOST_PARAMETERS),
        added=len(data.added),
        removed=len(data.removed),
        edited=len(data.edited),
        unchanged=data.unchanged,
        numbers=tuple(ChangedCount(name, one.before, one.after) for name, one in data.numbers.items()),
        shown_added=_shown(data.added),
        shown_removed=_shown(data.removed),
        shown_edited=tuple(
            ShownEdit(cut(one.after), tuple(cut(f"{turn.role}: {turn.words}") for turn in one.turns[:MOST]))
            for one in data.edited[:SHOWN]
        ),
        costs=tuple(map(_cost, planned.machines[:MOST])),
        answers=planned.answers.answers if planned.answers else None,
        findings=tuple(map(cut, warnings[:MOST])),
        more_findings=max(0, len(warnings) - MOST),
    )


def _shown(rows: Sequence[Excerpt]) -> tuple[ShownConversation, ...]:
    return tuple(ShownConversation(cut(one.place), cut(one.begins)) for one in rows[:SHOWN])


def _cost(one: MachineCost) -> HourlyCost:
    return HourlyCost(one.endpoint or "", one.count, one.size, one.an_hour, one.currency)
