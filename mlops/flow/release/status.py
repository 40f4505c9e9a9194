"""`mlops status`: where things stand for the current parameters and data, and what each environment serves."""

from collections.abc import Sequence

from mlops.azure import endpoints
from mlops.flow import observe
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.training import training_spec
from mlops.render import Report, Table, table


def run(context: Context) -> ReportOutcome:
    """Look, and say."""
    made_of = training_spec.training(context.workspace, training_spec.of(context))
    facts = observe.facts(context, made_of)
    attempt = facts.attempt
    rows = [
        ("data recipe", facts.recipe),
        ("data version", facts.data_version or "not prepared"),
        ("fingerprint", facts.fingerprint or "not known yet"),
        ("newest job", f"{attempt.name}: {attempt.state}" if attempt else "none"),
        ("verdict of now", facts.refusal or ("pass" if facts.model else "none yet")),
        ("model", facts.model or "not registered"),
    ]
    return ReportOutcome(
        Report(
            "Status",
            tables=(table("This commit", ("what", "value"), rows), _environments(context)),
            next_step="mlops plan",
        )
    )


def _environments(context: Context) -> Table:
    rows = [row for name in context.params.environments for row in _environment(context, name)]
    return table("Environments", ("environment", "endpoint", "state", "deployment", "traffic"), rows)


def _environment(context: Context, name: str) -> Sequence[tuple[str, ...]]:
    facts = endpoints.observe(context.workspace, context.endpoint_name(name), context.owner)
    start = (name, facts.name, facts.state.value)
    served = [
        (*start, f"{item.name}: {item.model}, {item.state.value}", f"{facts.share(item.name)} %")
        for item in facts.deployments
    ]
    return served or [(*start, "none", "")]
