"""`mlops evaluate`: the models, the jobs in which they answered, and their metrics side by side."""

from collections.abc import Mapping

from mlops.flow.evaluation.evaluate import EvaluateResult, EvaluationState
from mlops.render import Report, Table, number, table


def report(result: EvaluateResult) -> Report:
    """For people."""
    if result.skipped:
        return Report("Nothing to evaluate", (result.skipped.reason,), next_step="mlops gate")
    lines = (f"{result.job} on {result.questions}, made from {result.test}",)
    rows = [(one.model, one.job, one.state.value if one.state else "not submitted") for one in result.models]
    models = table("Models", ("model", "job", "state"), rows)
    match result.state:
        case EvaluationState.FAILED:
            return Report("The evaluation failed", lines, (models,))
        case EvaluationState.RUNNING:
            return Report("Still evaluating", lines, (models,), next_step=f"mlops evaluate --job {result.job}")
        case _:
            next_step = f"mlops gate --job {result.job}"
            return Report(f"{result.job} is evaluated", lines, (models, _metrics(result)), next_step=next_step)


def outputs(result: EvaluateResult) -> Mapping[str, str]:
    """Whether nothing is left to do, and the jobs: the candidate's, then the champion's."""
    finished = result.state in (EvaluationState.DONE, EvaluationState.NOT_NEEDED)
    return {"finished": str(finished).lower(), "jobs": " ".join(one.job for one in result.models)}


def _metrics(result: EvaluateResult) -> Table:
    names = sorted({name for one in result.models for name in one.metrics})
    rows = [
        (name, *(number(one.metrics[name]) if name in one.metrics else "" for one in result.models)) for name in names
    ]
    return table("Metrics", ("metric", *(one.model for one in result.models)), rows)
