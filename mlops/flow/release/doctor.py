"""`mlops doctor`: is everything there that a release needs? One line a check, all of them, nothing changed."""

from collections.abc import Callable

from mlops.errors import MlopsError, Problem
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.training import compute, training_spec
from mlops.render import Report, table

DOCTOR_WORDS = {
    compute.ComputeState.MISSING: "missing: `mlops compute` makes it",
    compute.ComputeState.EXISTS: "there",
    compute.ComputeState.SERVERLESS: "nothing to create",
}
Check = Callable[[Context], str]


def run(context: Context) -> ReportOutcome:
    """Every check in order; a failed one does not stop the others."""
    rows: list[tuple[str, str, str]] = []
    problems: list[Problem] = []
    kinds: list[type[MlopsError]] = []
    for name, check in CHECKS:
        try:
            rows.append((name, "ok", check(context)))
        except MlopsError as error:
            rows.append((name, "failed", error.problems[0].what))
            kinds.append(type(error))
            problems += [problem for problem in error.problems if problem not in problems]
            if check is _sign_in:  # without it every other check would fail for the same reason
                rows += [(later, "not checked", "") for later, _ in CHECKS[1:]]
                break
    report = Report("Doctor", tables=(table("Checks", ("check", "result", "finding"), rows),))
    return ReportOutcome(report, failure=kinds[0](problems) if kinds else None)


def _sign_in(context: Context) -> str:
    return f"workspace {context.workspace.target.workspace} in {context.workspace.location}"


def _model(context: Context) -> str:
    base = training_spec.base_model(context.workspace, training_spec.of(context))
    return f"{base.name} {base.version}"


def _parameters(context: Context) -> str:
    made_of = training_spec.training(context.workspace, training_spec.of(context))
    return f"{len(made_of.resolved.values)} parameters fit {made_of.component.name} {made_of.component.version}"


def _compute(context: Context) -> str:
    found = compute.run(context, make=False)
    if found.failure:
        raise found.failure
    result = found.result
    action = f"{result.compute}: {DOCTOR_WORDS[result.state]}"
    notes = len(result.warnings)
    return f"{action}; {notes} warnings, see `mlops compute --check-only`" if notes else action


def _endpoints(context: Context) -> str:
    return ", ".join(context.endpoint_name(name) for name in context.params.environments)


CHECKS: tuple[tuple[str, Check], ...] = (
    ("sign-in and workspace", _sign_in),
    ("base model", _model),
    ("component and parameters", _parameters),
    ("compute", _compute),
    ("endpoint names", _endpoints),
)
