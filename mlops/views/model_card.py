"""The model card as a report; its Markdown is what is attached to the model."""

from mlops.domain.evaluation.rules import Verdict
from mlops.domain.registry.lineage import DataFacts, RunFacts
from mlops.domain.registry.model_card import ModelCard
from mlops.render import Report, Section, Table, table
from mlops.views.gate import rules_table

UNKNOWN = "not known"


def card(facts: ModelCard) -> Report:
    """Everything that the card states."""
    run, evidence, verdict = facts.run, facts.evidence, Verdict(facts.findings)
    return Report(
        f"Model card: {facts.model}, fingerprint {facts.fingerprint}",
        (
            f"A conversational model: {run.base or 'a base model'}, "
            f"fine-tuned on {evidence.data or 'unnamed data'} by {run.job}.",
            f"Licence of the base model: {run.licence or UNKNOWN}. It holds for this model too.",
        ),
        sections=(
            Section("What it was made from", tables=(_made_from(run),)),
            Section("Data", _sources(run.data), (_rows(run.data),) if run.data else ()),
            Section("Parameters", (f"digest {run.digest or UNKNOWN}",), (_parameters(run),) if run.parameters else ()),
            Section("How it was judged", (verdict.summary(), *evidence.notes()), (rules_table(verdict),)),
            Section("Limits", _limits(facts)),
        ),
    )


def markdown(facts: ModelCard) -> str:
    """What the model is described by in the workspace."""
    return card(facts).to_markdown()


def _made_from(run: RunFacts) -> Table:
    rows = (
        ("base model", run.base_id or run.base),
        ("component", run.component),
        ("run", run.job),
        ("commit", run.commit),
        ("repository", run.repository),
        ("workflow run", run.run_url),
    )
    return table("", ("what", "value"), [(what, value or UNKNOWN) for what, value in rows])


def _rows(data: tuple[DataFacts, ...]) -> Table:
    rows = [(item.role, item.asset, UNKNOWN if item.rows is None else str(item.rows)) for item in data]
    return table("", ("part", "asset", "rows"), rows)


def _sources(data: tuple[DataFacts, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for item in data for source in item.sources)) or ("sources: " + UNKNOWN,)


def _parameters(run: RunFacts) -> Table:
    return table("", ("parameter", "value"), sorted(run.parameters.items()))


def _limits(facts: ModelCard) -> tuple[str, ...]:
    judged = ", ".join(dict.fromkeys(finding.metric for finding in facts.findings)) or "nothing"
    return (
        f"It was judged by numbers of its run ({judged}) and by nothing else: not by people, not for safety.",
        *(f"Not known: {gap}." for gap in facts.run.gaps),
        *facts.notes,
    )
