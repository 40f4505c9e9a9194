"""What a reviewer decides from: what changes, by which verdict, measured how, and what the next environment serves.

It must not decide.
"""

from mlops.azure import models, sharing
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.tags import BASE_MODEL_TAG, COMMIT_TAG, DATA_TAG, FINGERPRINT_TAG, JOB_TAG, VERDICT_TAG
from mlops.errors import MlopsError
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.flow.evaluation import evidence
from mlops.params import Environment
from mlops.render import Cell, Section, number, table

LINEAGE = (
    ("base model", BASE_MODEL_TAG),
    ("data", DATA_TAG),
    ("fingerprint", FINGERPRINT_TAG),
    ("training job", JOB_TAG),
    ("commit", COMMIT_TAG),
    ("gate's verdict", VERDICT_TAG),
)


def changes(context: Context, facts: EndpointFacts, new: models.Registered, settings: Environment) -> Section:
    """The live model beside the new one: lineage and metrics, and the machines."""
    live = max(facts.live, key=facts.share, default=None)
    deployed = facts.find(live)
    old = _find(context, deployed.model, settings.registry) if deployed else None
    rows: list[tuple[Cell, Cell, Cell]] = [("model", deployed.model if deployed else "none", new.label)]
    rows += [(what, old.tags.get(tag, "-") if old else "-", new.tags.get(tag, "-")) for what, tag in LINEAGE]
    before = evidence.metrics_of(old.tags) if old else {}
    after = evidence.metrics_of(new.tags)
    for name in sorted({*before, *after}):
        rows.append((name, _number(before.get(name)), _number(after.get(name))))
    return Section(
        "What changes", (_machines(settings, live=deployed is not None),), (table("", ("", "live", "new"), rows),)
    )


def _machines(settings: Environment, *, live: bool) -> str:
    """What it costs in machines: prices differ by contract, instance-hours do not."""
    one = f"{settings.instance_count} x {settings.instance_type}"
    if not live:
        return f"Cost: {one}, around the clock from now on"
    stays = settings.retention_hours
    after = "until it is deleted" if stays is None else f"for {stays:g} hours after it"
    hours = "" if stays is None else f", {stays * settings.instance_count:g} instance-hours"
    return f"Cost: {one} more while the rollout runs, and {after}, while the one before stands by{hours}"


def target(context: Context, label: str, registry: str | None) -> Section | None:
    """Lineage and metrics of the model that a rollback returned to."""
    found = _find(context, label, registry)
    if found is None:
        return None
    rows = [(what, found.tags.get(tag, "-")) for what, tag in LINEAGE]
    rows += [(name, number(value)) for name, value in sorted(evidence.metrics_of(found.tags).items())]
    return Section(f"Live again: {label}", (), (table("", ("what", "value"), rows),))


def next_environment(context: Context, environment: str, model: models.Registered) -> str:
    """A sentence on what approving the next environment would do; empty for the last one."""
    names = list(context.params.environments)
    later = names[names.index(environment) + 1 :]
    if not later:
        return ""
    settings = context.params.environments[later[0]]
    steps = ", ".join(f"{percent} %" for percent in settings.traffic_steps)
    try:
        live = observe.live_model(context, later[0]) or "nothing yet"
    except MlopsError:  # it may be another workspace, which this sign-in does not see
        live = "not known from here"
    return (
        f"Approving {later[0]} gives {model.label} its traffic in steps of {steps}, each watched for "
        f"{settings.soak_seconds:g} s; live there is {live}"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else number(value)


def _find(context: Context, label: str, registry: str | None) -> models.Registered | None:
    name, _, version = label.partition(":")
    try:
        return sharing.find(context.workspace, registry, name, version) if version else None
    except MlopsError:  # a summary may lack a column; the promotion goes on
        return None
