"""`mlops rollback`: where the traffic went back to, and what is live again."""

from collections.abc import Mapping

from mlops.domain.promote.audit import AuditEntry
from mlops.flow.promote.result import Hold, ModelSummary, RollbackResult
from mlops.render import Report, Section, number, table
from mlops.views.promote import asked, deployments_table, endpoint_outputs, lineage_rows, steps_table, traffic


def report(result: RollbackResult) -> Report:
    """For people."""
    said = result.why if result.changed else f"nothing to do: {result.why}"
    return Report(
        f"{result.environment}: {said}",
        (
            f"endpoint {result.endpoint.name}",
            asked(result.by, result.reason),
            *(held(one, result.environment) for one in result.held),
        ),
        (*steps_table(result.steps), deployments_table(result.endpoint)),
        sections=(_model(result.model),) if result.model else (),
        next_step=f"mlops ask {result.environment}" if traffic(result.endpoint) else "",
    )


def outputs(result: RollbackResult) -> Mapping[str, str]:
    """How the endpoint stands."""
    return endpoint_outputs(result.endpoint)


def held(one: Hold, environment: str) -> str:
    """A hold, and what ends it."""
    entry = AuditEntry(one.since, one.by, one.why)
    ends = f"`mlops promote {environment} --model {one.model} --release-hold --reason WHY` ends that"
    return f"{one.model} is held in {environment} {entry}; {ends}"


def _model(model: ModelSummary) -> Section:
    """Lineage and metrics of the model that was returned to."""
    rows = lineage_rows(model) + [(name, number(value)) for name, value in sorted(model.metrics.items())]
    return Section(f"Live again: {model.model}", (), (table("", ("what", "value"), rows),))
