"""`mlops submit`: the job, why it was made or not, and its parameters."""

from collections.abc import Mapping

from mlops.flow.training.submit import SubmitResult
from mlops.render import Report, table


def report(result: SubmitResult) -> Report:
    """For people."""
    watch = f"mlops watch --job {result.job}"
    named = f"fingerprint {result.fingerprint}, data version {result.data_version}"
    if not result.submitted:
        return Report("Nothing was submitted", (result.why, named, result.studio_url), next_step=watch)
    rows = [(one.name, one.value, one.source, one.instead_of) for one in result.parameters]
    return Report(
        f"Submitted {result.job}",
        (named, f"why: {result.why}", result.display_name, result.studio_url),
        tables=(table("Parameters", ("parameter", "value", "from", "instead of"), rows),),
        next_step=watch,
    )


def outputs(result: SubmitResult) -> Mapping[str, str]:
    """The job, and whether it is new."""
    return {"job": result.job, "submitted": str(result.submitted).lower()}
