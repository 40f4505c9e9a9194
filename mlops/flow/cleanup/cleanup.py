"""`mlops cleanup`: finds what nobody uses, marks it, and on a later run deletes what is still unused.

It must not judge anything itself: `mlops.domain` does. Every run looks anew, so a run that died is resumed by the next.
"""

from collections.abc import Sequence
from dataclasses import replace

from mlops.domain.cleanup import plan as cleanup_plan
from mlops.domain.cleanup import protect
from mlops.errors import BadInput, CapRefused, MlopsError, Problem, RemoteFailed
from mlops.flow.cleanup import apply as cleanup_apply
from mlops.flow.cleanup import endpoints, report
from mlops.flow.cleanup.inventory import Survey, modes, survey
from mlops.flow.context import Context, ReportOutcome


def run(context: Context, *, apply: bool) -> ReportOutcome:
    """Look, decide, and with `apply` act."""
    workspace = context.workspace
    every = [workspace, *(workspace.beside(name) for name in context.params.cleanup.workspaces)]
    surveys = [survey(context, each) for each in every]
    _check_rules(context, surveys)
    plan = decide(context, surveys)
    done = (
        cleanup_apply.apply(plan, {_label(one, surveys): one for one in surveys}, context.say)
        if apply
        else cleanup_apply.Done()
    )
    unread = [problem for one in surveys for problem in one.problems]
    return ReportOutcome(
        report.report(plan, surveys, done, context.params, applied=apply),
        report.outputs(plan, done, context.params, applied=apply),
        _failure(plan, [*done.problems, *unread]),
    )


def decide(context: Context, surveys: Sequence[Survey]) -> cleanup_plan.Plan:
    """One plan for all workspaces, so that the caps hold for the run."""
    stated = context.params.cleanup
    items = [replace(item, workspace=_label(one, surveys)) for one in surveys for item in one.items]
    return cleanup_plan.plan(
        items,
        max_deletions=stated.max_deletions,
        max_share=stated.max_share,
        modes=modes(context),
        max_archived=stated.max_archived,
    )


def _label(one: Survey, surveys: Sequence[Survey]) -> str:
    """A workspace's name, where there are several."""
    names = one.workspace.target
    return f"{names.resource_group}/{names.workspace}" if len(surveys) > 1 else ""


def _check_rules(context: Context, surveys: Sequence[Survey]) -> None:
    """A protect rule that fits nothing anywhere stops the run before anything is torn down. Raises BadInput."""
    found: dict[cleanup_plan.Kind, list[str]] = {}
    for one in surveys:
        for kind, names in one.names.items():
            found.setdefault(kind, []).extend(names)
    wrong = protect.problems(endpoints.rules(context), found, str(context.params_path), found.keys())
    if wrong:
        raise BadInput(wrong)


def _failure(plan: cleanup_plan.Plan, failures: list[Problem]) -> MlopsError | None:
    if failures:
        return RemoteFailed(failures)
    return (
        CapRefused(Problem(plan.refusal, "params.yaml, cleanup", fix="raise the cap if all of these are really to go"))
        if plan.refusal
        else None
    )
