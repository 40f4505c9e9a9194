"""`mlops report`: the issues of a failed run."""

from collections.abc import Mapping

from mlops.flow.release.report import ReportResult
from mlops.render import Report, table


def report(result: ReportResult) -> Report:
    """For people."""
    rows = [(one.cause, one.done.value, one.seen, one.url) for one in result.issues]
    refused = tuple(
        f"{' and '.join(one.environments)}: not approved by {one.by}{f', {one.comment}' if one.comment else ''}"
        for one in result.rejected
    )
    return Report(
        f"{result.workflow} failed" if result.failed_jobs else "Nothing failed in this run",
        (result.run_url, *refused),
        (table("Issues", ("cause", "done", "seen", "issue"), rows),) if rows else (),
        next_step="look at the issue; closed as not planned it is never opened again" if rows else "",
    )


def outputs(result: ReportResult) -> Mapping[str, str]:
    """How many causes there were."""
    return {"causes": str(len(result.issues))}
