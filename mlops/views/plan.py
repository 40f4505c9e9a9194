"""`mlops plan`, with a look at the workspace and without: steps, differences, and what it will cost."""

from collections.abc import Mapping, Sequence

from mlops.domain.environments.order import ALL
from mlops.domain.serving.settings import SettingChange
from mlops.domain.training.costs import Estimate, MachineCost, amount
from mlops.flow.evaluation.planned import PlannedAnswers
from mlops.flow.release.offline_plan import OfflinePlanResult
from mlops.flow.release.plan import EnvironmentSettings, PlanResult
from mlops.flow.release.pull_request_diff import PullRequestDiff
from mlops.render import Report, Section, Table, number, table
from mlops.views.released import conversation_table, released_section
from mlops.views.status import drift_lines

SHOWN = 50  # changed parameters


def report(result: PlanResult | OfflinePlanResult) -> Report:
    """For people."""
    return _offline(result) if isinstance(result, OfflinePlanResult) else _plan(result)


def outputs(result: PlanResult | OfflinePlanResult) -> Mapping[str, str]:
    """What the next jobs go by."""
    if isinstance(result, OfflinePlanResult):
        found = result.difference  # without one nothing is known, so nothing may be left out
        trains = "" if found is None or found.trains is None else _flag(found.trains)
        return {"train": trains, "code": _flag(found is None or found.code)}
    estimate = result.estimate
    return {
        "train": _flag(result.train),
        "release": _flag(result.release),
        "promote": _flag(result.promote),
        "environment": " ".join(result.environments) or ALL,
        "job": result.job or "",
        "model": result.model or "",
        "why": result.why,
        "train-reason": result.train_reason,
        "gpu-hours": f"{estimate.gpu_hours:.3f}" if estimate else "",
        "cost": f"{estimate.cost:.2f}" if estimate and estimate.cost is not None else "",
    }


def _plan(result: PlanResult) -> Report:
    due = [step.verb for step in result.steps if step.run]
    steps = [(step.verb, "run" if step.run else "skip", step.reason) for step in result.steps]
    parameters = [(one.name, one.value, one.source, one.instead_of) for one in result.parameters]
    return Report(
        title="Plan" if due else "Nothing to do",
        lines=(
            *result.retirement,
            f"base model {result.base_model.replace(':', ' version ')}",
            f"component {result.component.replace(':', ' version ')}",
            f"data: recipe {result.recipe}, version {result.data_version or 'not prepared yet'}",
            f"fingerprint {result.fingerprint or 'known once the data is prepared'}",
            f"train={_flag(result.train)}: {result.train_reason}",
            *(estimate_lines(result.estimate, result.instance_type, result.nodes) if result.train else ()),
            *answer_lines(result.answers),
            f"{len(result.component_defaults)} more inputs keep the component's own default",
            *result.warnings,
            *drift_lines(result.drift),
        ),
        tables=(
            table("Steps", ("step", "what", "why"), steps),
            *serving_tables(result.serving),
            table("Fine-tuning parameters", ("parameter", "value", "from", "instead of"), parameters),
        ),
        sections=(released_section(result.compared),),
        next_step=f"mlops {due[0]}" if due else "",
    )


def serving_tables(found: Sequence[EnvironmentSettings]) -> tuple[Table, ...]:
    """What is live with other serving settings; nothing where all are as params.yaml says."""
    rows = [(one.environment, *setting_row(each)) for one in found for each in one.changes]
    return (
        (table("Serving settings", ("environment", "setting", "live", "params.yaml", "applied"), rows),) if rows else ()
    )


def setting_row(change: SettingChange) -> tuple[str, str, str, str]:
    """Name, old, new, and how it is applied."""
    return (change.name, change.before or "-", change.after or "-", change.applied.value)


def _offline(result: OfflinePlanResult) -> Report:
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


def estimate_lines(found: Estimate | None, size: str, nodes: int) -> tuple[str, ...]:
    """The estimate of a run for people; None where there is none."""
    if found is None:
        return (f"no estimate: no run on {nodes} x {size} has completed yet",)
    basis = f"median of {found.runs} completed run{'s' * (found.runs > 1)} on {found.nodes} x {found.size}"
    if found.scaled_by:
        basis += f", scaled by {found.scaled_by}"
    hours = f"estimated {number(found.gpu_hours)} GPU hours in {number(found.hours)} hours ({basis})"
    if found.cost is None:
        return (hours, f"no cost: prices.instance_hour names no price of {size}")
    return (hours, f"estimated cost {amount(found.cost, found.currency)}")


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


def _flag(value: bool) -> str:
    return "true" if value else "false"
