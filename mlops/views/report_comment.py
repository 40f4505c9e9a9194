"""`mlops report comment`: what became of the comment."""

from collections.abc import Mapping

from mlops.flow.release.comment import CommentResult
from mlops.render import Report


def report(result: CommentResult) -> Report:
    """For people."""
    where = "" if result.pull_request is None else f" on #{result.pull_request}"
    return Report(f"The comment{where}: {result.done.value}", (result.why, result.url or ""))


def outputs(result: CommentResult) -> Mapping[str, str]:
    """What was done."""
    return {"done": result.done.value, "url": result.url or ""}
