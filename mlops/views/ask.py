"""`mlops ask`: the question, the prediction and the ground truth."""

from collections.abc import Mapping

from mlops.flow.promote.result import AskResult
from mlops.render import Report, table


def report(result: AskResult) -> Report:
    """For people."""
    rows = [
        ("question", result.question),
        ("prediction", result.prediction),
        ("ground truth", result.ground_truth),
    ]
    return Report(
        f"{result.environment} answers",
        (f"{result.endpoint}, {result.model}, {result.seconds * 1000:.0f} ms",),
        (table("Held-out conversation", ("", "text"), rows),),
    )


def outputs(result: AskResult) -> Mapping[str, str]:
    """The answer and the truth."""
    return {"prediction": result.prediction, "ground-truth": result.ground_truth}
