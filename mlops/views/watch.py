"""`mlops watch`: the steps, the metrics so far, and how the log of a failed step ends."""

from collections.abc import Iterator, Mapping

from mlops.domain.training.run import JobState
from mlops.flow.training.under_way import told
from mlops.flow.training.watch import WatchResult
from mlops.render import Report, Section, Table, table


def report(result: WatchResult) -> Report:
    """For people."""
    tables = tuple(_tables(result))
    if result.state is JobState.COMPLETED:
        verb = "evaluate" if result.evaluates else "gate"
        return Report(
            f"{result.job} is {result.state}",
            (result.studio_url,),
            tables,
            next_step=f"mlops {verb} --job {result.job}",
        )
    if not result.state.ended:
        how_far = told(result.left) if result.left else "it goes on"
        lines = (f"looked for {result.bound_minutes:g} minutes; {how_far}", result.studio_url)
        title, resume = f"{result.job} is still {result.state}", f"mlops watch --job {result.job}"
        return Report(title, lines, tables, next_step=resume)
    names = ", ".join(step.name for step in result.failed_steps)
    sections = tuple(
        Section(f"The end of the log of {step.name}", step.log_end) for step in result.failed_steps if step.log_end
    )
    return Report(
        f"{result.job} is {result.state}{f' at {names}' if names else ''}",
        (result.why, result.studio_url),
        tables,
        sections=sections,
        next_step="mlops submit",
    )


def outputs(result: WatchResult) -> Mapping[str, str]:
    """The job, its state, and whether it is completed."""
    finished = result.state is JobState.COMPLETED
    return {"status": result.state.value, "finished": str(finished).lower(), "job": result.job}


def _tables(result: WatchResult) -> Iterator[Table]:
    rows = [
        ("  " * step.depth + step.name, step.state, step.seconds, step.error.partition("\n")[0])
        for step in result.steps
    ]
    if rows:
        yield table(f"{result.job} is {result.state}", ("step", "state", "seconds", "error"), rows)
    if result.metrics:
        yield table("Metrics so far", ("metric", "value"), sorted(result.metrics.items()))
