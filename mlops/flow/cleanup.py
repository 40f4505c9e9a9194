"""`mlops cleanup`: finds what nobody uses, marks it, and on a later run deletes what is still unused.

It must not judge anything itself: `mlops.domain` does. Every run looks anew, so a run that died is resumed by the next.
"""

from collections.abc import Sequence
from dataclasses import replace

from mlops.domain import protect, teardown
from mlops.errors import BadInput, CapRefused, MlopsError, Problem, RemoteFailed
from mlops.flow.context import Context, Outcome
from mlops.flow.teardown import deeds, fleet, tell
from mlops.flow.teardown.survey import Survey, modes, survey


def run(context: Context, *, apply: bool) -> Outcome:
    """Look, decide, and with `apply` act."""
    workspace = context.workspace
    every = [workspace, *(workspace.beside(name) for name in context.params.cleanup.workspaces)]
    surveys = [survey(context, each) for each in every]
    _check_rules(context, surveys)
    plan = decide(context, surveys)
    done = deeds.apply(plan, {_label(one, surveys): one for one in surveys}, context.say) if apply else deeds.Done()
    unread = [problem for one in surveys for problem in one.problems]
    return Outcome(
        tell.report(plan, surveys, done, context.params, applied=apply),
        tell.outputs(plan, done, context.params, applied=apply),
        _failure(plan, [*done.problems, *unread]),
    )


def decide(context: Context, surveys: Sequence[Survey]) -> teardown.Plan:
    """One plan for all workspaces, so that the caps hold for the run."""
    stated = context.params.cleanup
    items = [replace(item, workspace=_label(one, surveys)) for one in surveys for item in one.items]
    return teardown.plan(
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
    found: dict[teardown.Kind, list[str]] = {}
    for one in surveys:
        for kind, names in one.names.items():
            found.setdefault(kind, []).extend(names)
    wrong = protect.problems(fleet.rules(context), found, str(context.params_path), found.keys())
    if wrong:
        raise BadInput(wrong)


def _failure(plan: teardown.Plan, failures: list[Problem]) -> MlopsError | None:
    if failures:
        return RemoteFailed(failures)
    return (
        CapRefused(Problem(plan.refusal, "params.yaml, cleanup", fix="raise the cap if all of these are really to go"))
        if plan.refusal
        else None
    )
