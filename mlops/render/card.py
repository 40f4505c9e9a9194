"""The model card: what a registered model is, what it was made from, how it was judged, and what nobody knows.

It must not look anything up, and it names no version: the card is written before the service has given one.
"""

from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.rules import Verdict
from mlops.domain.registry.lineage import DataFacts, RunFacts
from mlops.render.report import Report, Section, Table, table
from mlops.render.verdict import rules_table

UNKNOWN = "not known"


def model_card(
    name: str, fingerprint: str, run: RunFacts, verdict: Verdict, evidence: Evidence, notes: tuple[str, ...] = ()
) -> Report:
    """The card as a report; its Markdown is what is attached to the model."""
    return Report(
        f"Model card: {name}, fingerprint {fingerprint}",
        (
            f"A conversational model: {run.base or 'a base model'}, "
            f"fine-tuned on {evidence.data or 'unnamed data'} by {run.job}.",
            f"Licence of the base model: {run.licence or UNKNOWN}. It holds for this model too.",
        ),
        sections=(
            Section("What it was made from", tables=(_origin(run),)),
            Section("Data", _sources(run.data), (_rows(run.data),) if run.data else ()),
            Section("Parameters", (f"digest {run.digest or UNKNOWN}",), (_parameters(run),) if run.parameters else ()),
            Section("How it was judged", (verdict.summary(), *evidence.notes()), (rules_table(verdict),)),
            Section("Limits", _limits(run, verdict, notes)),
        ),
    )


def _origin(run: RunFacts) -> Table:
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
    return table("", ("part", "asset", "rows"), [(item.role, item.asset, item.rows or UNKNOWN) for item in data])


def _sources(data: tuple[DataFacts, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for item in data for source in item.sources)) or ("sources: " + UNKNOWN,)


def _parameters(run: RunFacts) -> Table:
    return table("", ("parameter", "value"), sorted(run.parameters.items()))


def _limits(run: RunFacts, verdict: Verdict, notes: tuple[str, ...]) -> tuple[str, ...]:
    judged = ", ".join(dict.fromkeys(finding.metric for finding in verdict.findings)) or "nothing"
    return (
        f"It was judged by numbers of its run ({judged}) and by nothing else: not by people, not for safety.",
        *(f"Not known: {gap}." for gap in run.gaps),
        *notes,
    )
