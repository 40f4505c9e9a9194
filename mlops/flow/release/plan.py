"""`mlops plan`: what this push needs, and why; changes nothing."""

from collections.abc import Sequence
from typing import Any

from mlops.domain.release.plan import Facts, Plan, decide
from mlops.domain.training.costs import Estimate, MachineCost, amount
from mlops.errors import Problem
from mlops.flow import observe
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.release import pull_request_diff, released_diff
from mlops.flow.training import estimates, training_spec
from mlops.flow.training.training_spec import Training
from mlops.render import Report, Table, number, table
from mlops.render.plain import plain


def run(context: Context, *, force: bool) -> ReportOutcome:
    """Observe the workspace and decide."""
    workspace, spec = context.workspace, training_spec.of(context)
    made_of = training_spec.training(workspace, spec)
    facts = observe.facts(context, made_of)
    plan = decide(facts, force=force)
    parameters = table(
        "Fine-tuning parameters",
        ("parameter", "value", "from", "instead of"),
        made_of.resolved.rows(),
    )
    compared = released_diff.compare(context, made_of, facts.data_version)
    found = None
    if plan.train:
        rows = estimates.rows(workspace, context.params.data.name, facts.data_version)
        found = estimates.of(workspace, spec, made_of, rows, estimates.prices(context.params))
    report = Report(
        title="Nothing to do" if plan.nothing else "Plan",
        lines=(
            *_about(made_of, facts),
            f"train={_flag(plan.train)}: {plan.train_reason}",
            *(estimate_lines(found, made_of.size.name, spec.nodes) if plan.train else ()),
            f"{len(made_of.resolved.defaults)} more inputs keep the component's own default",
            *(str(warning) for warning in made_of.resolved.warnings),
        ),
        tables=(_steps(plan), parameters),
        sections=(compared.section(),),
        next_step=_next(plan),
        data={**compared.to_json(), **_data(plan, made_of), "estimate": found and plain(found)},
    )
    outputs = {
        "train": _flag(plan.train),
        "release": _flag(plan.release),
        "promote": _flag(plan.promote),
        "job": facts.attempt.name if facts.attempt and not plan.train else "",
        "model": facts.model or "",
        "why": plan.why,
        "train-reason": plan.train_reason,
        "gpu-hours": f"{found.gpu_hours:.3f}" if found else "",
        "cost": f"{found.cost:.2f}" if found and found.cost is not None else "",
    }
    return ReportOutcome(report, outputs)


def _data(plan: Plan, made_of: Training) -> dict[str, Any]:
    return {
        "train": plan.train,
        "train_reason": plan.train_reason,
        "why": plan.why,
        "parameters": {name: {"value": text, "from": origin} for name, text, origin, _ in made_of.resolved.rows()},
        "component_defaults": dict(made_of.resolved.defaults),
    }


def _about(made_of: Training, facts: Facts) -> tuple[str, ...]:
    return (
        f"base model {made_of.base.name} version {made_of.base.version}",
        f"component {made_of.component.name} version {made_of.component.version}",
        f"data: recipe {facts.recipe}, version {facts.data_version or 'not prepared yet'}",
        f"fingerprint {facts.fingerprint or 'known once the data is prepared'}",
    )


def run_offline(context: Context, *, base: str = "") -> ReportOutcome:
    """What can be said without any cloud: parameters and data files are right, and this is what they make.

    With a commit as `base` also what differs from it, and whether merging that starts a training.
    """
    from mlops.flow.dataset.prepare import check_curated

    curated = observe.curated_files(context)
    warnings: list[Problem] = check_curated(context, curated)
    training = context.params.training
    rows = [
        ("base model", f"{context.params.model.base} {context.params.model.version}"),
        ("component", f"{training.component} {training.component_version}"),
        ("compute", f"{training.compute}, {training.nodes} x {training.instance_type}"),
        ("curated files", str(len(curated))),
        ("data recipe", observe.recipe(context.params, curated)),
    ]
    section, outputs = pull_request_diff.against(context, base)
    report = Report(
        title="Plan without a look at the workspace",
        lines=(
            "params.yaml and the curated data are right",
            *(str(warning) for warning in warnings),
            "how long a training takes is known by earlier runs: the plan of `train` says it before anything is spent",
        ),
        tables=(
            table("What a run would be made of", ("what", "value"), rows),
            machine_costs(estimates.by_the_hour(context.params)),
        ),
        sections=(section,) if section else (),
        next_step="after a push to main, `train` plans against the workspace",
    )
    return ReportOutcome(report, outputs)


def estimate_lines(found: Estimate | None, size: str, nodes: int) -> tuple[str, ...]:
    """The estimate for people."""
    if found is None:
        return (f"no estimate: no run on {nodes} x {size} has completed yet",)
    basis = f"median of {found.runs} completed run{'s' * (found.runs > 1)} on {found.nodes} x {found.size}"
    if found.scaled_by:
        basis += f", scaled by {found.scaled_by}"
    hours = f"estimated {number(found.gpu_hours)} GPU hours in {number(found.hours)} hours ({basis})"
    if found.cost is None:
        return (hours, f"no cost: prices.instance_hour names no price of {size}")
    return (hours, f"estimated cost {amount(found.cost, found.currency)}")


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


def _steps(plan: Plan) -> Table:
    return table(
        "Steps",
        ("step", "what", "why"),
        [(step.verb, "run" if step.run else "skip", step.reason) for step in plan.steps],
    )


def _next(plan: Plan) -> str:
    due = [step.verb for step in plan.steps if step.run]
    return f"mlops {due[0]}" if due else ""


def _flag(value: bool) -> str:
    return "true" if value else "false"
