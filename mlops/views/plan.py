"""`mlops plan`, with a look at the workspace and without: steps, differences, and what it will cost."""

from collections.abc import Mapping, Sequence

from mlops.domain.environments.order import ALL
from mlops.domain.serving.settings import SettingChange
from mlops.domain.training.costs import Estimate, amount
from mlops.flow.release.offline_plan import OfflinePlanResult
from mlops.flow.release.plan import EnvironmentSettings, PlanResult
from mlops.render import Report, Table, number, table
from mlops.views.offline_plan import Offline, answer_lines, flag
from mlops.views.released import drift_lines, released_section


def report(result: PlanResult | OfflinePlanResult) -> Report:
    """For people."""
    return Offline.report(result) if isinstance(result, OfflinePlanResult) else _plan(result)


def outputs(result: PlanResult | OfflinePlanResult) -> Mapping[str, str]:
    """What the next jobs go by."""
    if isinstance(result, OfflinePlanResult):
        return Offline.outputs(result)
    estimate = result.estimate
    return {
        "train": flag(result.train),
        "release": flag(result.release),
        "promote": flag(result.promote),
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
            f"train={flag(result.train)}: {result.train_reason}",
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


def estimate_lines(found: Estimate | None, size: str, nodes: int) -> tuple[str, ...]:
    """The estimate of a run for people; None where there is none."""
    if found is None:
        return (f"no estimate: no run on {nodes} x {size} has completed yet",)
    basis = f"median of {found.runs} completed run{'s' * (found.runs > 1)} on {found.nodes} x {found.size}"
    if found.scaled_by:
        basis += f", scaled by {found.scaled_by}"
    hours = f"estimated {number(found.gpu_hours)} GPU hours in {number(found.hours)} hours ({basis})"
    if found.cost is None:
        return (hours, f"no cost: no price of {size} is known; give it at prices.instance_hour")
    by = f", by {found.price_by}" if found.price_by else ""
    return (hours, f"estimated cost {amount(found.cost, found.currency)}{by}")
