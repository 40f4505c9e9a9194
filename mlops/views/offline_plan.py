"""`mlops plan --offline`: what a run would be made of and would cost, and what merging a change does."""

from collections.abc import Mapping, Sequence

from mlops.domain.training.costs import MachineCost, amount
from mlops.flow.evaluation.planned import PlannedAnswers
from mlops.flow.release.offline_plan import OfflinePlanResult
from mlops.flow.release.pull_request_diff import PullRequestDiff
from mlops.render import Report, Section, Table, table
from mlops.views.released import conversation_table

SHOWN = 50  # changed parameters


class Offline:
    """The view of a plan without a look at the workspace."""

    @staticmethod
    def report(result: OfflinePlanResult) -> Report:
        """For people."""
        rows = [
            ("base model", result.base_model.replace(":", " ")),
            ("component", result.component.replace(":", " ")),
            ("compute", f"{result.compute}, {result.nodes} x {result.instance_type}"),
            ("curated files", str(result.curated_files)),
            ("data recipe", result.recipe),
        ]
        return Report(
            title="Plan without a look at the workspace",
            lines=(
                *result.retirement,
                "params.yaml and the curated data are right",
                *result.warnings,
                *answer_lines(result.answers),
                "earlier runs say how long a training takes: the plan of `train` tells it before anything is spent",
            ),
            tables=(table("What a run would be made of", ("what", "value"), rows), machine_costs(result.machines)),
            sections=(_merging(result.difference),) if result.difference else (),
            next_step="after a push to main, `train` plans against the workspace",
        )

    @staticmethod
    def outputs(result: OfflinePlanResult) -> Mapping[str, str]:
        """What the next jobs go by."""
        found = result.difference  # without one nothing is known, so nothing may be left out
        trains = "" if found is None or found.trains is None else flag(found.trains)
        return {"train": trains, "code": flag(found is None or found.code)}


def _merging(found: PullRequestDiff) -> Section:
    if not found.known:
        return Section("What merging changes", (f"this clone does not have {found.base}, so nothing is compared",))
    lines = (
        f"{found.files} files differ from {found.base}",
        "merging starts `train`, which plans against the workspace and trains what was not trained before"
        if found.trains
        else "merging starts no training: neither params.yaml nor conversations changed",
    )
    rows = [(item.key, item.before, item.after) for item in found.parameters[:SHOWN]]
    if len(found.parameters) > SHOWN:
        rows.append((f"and {len(found.parameters) - SHOWN} more", "", ""))
    parameters = table("Parameters", ("key", "before", "after"), rows)
    tables = (parameters, conversation_table(found.conversations))
    return Section("What merging changes", lines, tuple(item for item in tables if item.rows))


def answer_lines(found: PlannedAnswers | None) -> tuple[str, ...]:
    """How many answers the evaluation asks for; nothing where no model is asked."""
    if found is None:
        return ()
    questions = f"{found.conversations} conversations and {found.probes} probes"
    asked = f"at most {found.answers:,} answers are asked: {questions}, each of {', '.join(found.asked)}"
    kept = f"; those of {' and '.join(found.kept)} are kept from earlier" if found.kept else ""
    return (f"{asked}{kept}",)


def machine_costs(found: Sequence[MachineCost]) -> Table:
    """What machines cost while they are up; the month is of an endpoint, which is up day and night."""

    def row(one: MachineCost) -> tuple[str, str, str, str]:
        what = f"endpoint of {one.endpoint}, day and night" if one.endpoint else "training, while it runs"
        machines = f"{one.count} x {one.size}"
        if one.an_hour is None or one.a_month is None:
            return (what, machines, f"no price of {one.size}", "")
        month = amount(one.a_month, one.currency) if one.endpoint else ""
        return (what, machines, amount(one.an_hour, one.currency), month)

    return table("What it would cost", ("what", "machines", "an hour", "a month"), [row(one) for one in found])


def flag(value: bool) -> str:
    """As a workflow reads it."""
    return "true" if value else "false"
