"""`mlops promote`: what was done step by step, what changed, what was measured, and how the endpoint stands."""

from collections.abc import Iterator, Mapping, Sequence

from mlops.domain.promote.canary import percentile
from mlops.domain.registry.passed import EnvironmentPass
from mlops.flow.promote.result import (
    AddedCapacity,
    Capacity,
    EndpointStatus,
    Measurement,
    ModelComparison,
    ModelSummary,
    NextEnvironment,
    PromoteOutcome,
    PromoteResult,
    Sample,
    SmokeTestResult,
    StepTaken,
)
from mlops.render import Cell, Report, Section, Table, number, table

SHOWN = 400  # characters of a text in the table
MEASURED = ("step", "source", "deployment", "requests by class", "errors", "p95 ms")


def report(result: PromoteResult) -> Report:
    """For people."""
    idle = result.outcome in (PromoteOutcome.UNCHANGED, PromoteOutcome.FROZEN, PromoteOutcome.WAITS)
    said = f"nothing to do: {result.why}" if idle else result.why
    return Report(
        f"{result.environment}: {said}",
        (
            f"endpoint {result.endpoint.name}",
            asked(result.by, result.reason),
            *(_approval(result.model, after) for after in result.next_environments),
        ),
        tuple(_tables(result)),
        sections=tuple(_sections(result)),
        next_step=f"mlops ask {result.environment}" if traffic(result.endpoint) else "",
    )


def outputs(result: PromoteResult) -> Mapping[str, str]:
    """How it ended, and how the endpoint stands."""
    stops = result.outcome in (PromoteOutcome.FROZEN, PromoteOutcome.WAITS)
    return {
        "outcome": result.outcome.value.replace(" ", "-"),
        "stops": "true" if stops else "",  # an empty output of one hides none of another in a matrix
        **endpoint_outputs(result.endpoint),
    }


def endpoint_outputs(endpoint: EndpointStatus) -> Mapping[str, str]:
    """Endpoint, its traffic, and the deployment and model that have all of it."""
    live = endpoint.live
    return {
        "endpoint": endpoint.name,
        "deployment": live.name if live else "",
        "traffic": traffic(endpoint),
        "model": live.model if live else "",
        "url": endpoint.studio_url,
    }


def asked(by: str, reason: str) -> str:
    """Who asked for it and why, as far as that is known."""
    who = f"by {by}" if by else ""
    return ", ".join(part for part in (who, f"because: {reason}" if reason else "") if part)


def traffic(endpoint: EndpointStatus) -> str:
    """Who has which share."""
    shares = sorted((one.name, one.traffic) for one in endpoint.deployments if one.traffic)
    return ", ".join(f"{name} {percent} %" for name, percent in shares)


def steps_table(steps: Sequence[StepTaken]) -> list[Table]:
    """The steps that were taken; none when there were none."""
    rows = [(index, _step(one)) for index, one in enumerate(steps, start=1)]
    return [table("Steps", ("step", "what"), rows)] if rows else []


def deployments_table(endpoint: EndpointStatus) -> Table:
    """Every deployment of the endpoint."""
    rows = [
        (one.name, one.model, one.state.value, f"{one.traffic} %", f"{one.instance_count} x {one.instance_type}")
        for one in endpoint.deployments
    ]
    return table("Deployments", ("deployment", "model", "state", "traffic", "instances"), rows)


def passed_table(passed: Mapping[str, EnvironmentPass]) -> list[Table]:
    """The environments that a model passed: who, when, how it was tested, and why; none when there are none."""
    rows = [
        (
            name,
            f"{one.at:%Y-%m-%d %H:%M} UTC",
            one.by,
            one.approved or "-",
            number(one.smoke),
            one.canary,
            one.why + (f" (skipped {one.skipped})" if one.skipped else ""),
        )
        for name, one in passed.items()
    ]
    columns = ("environment", "when", "by", "approved by", "smoke ROUGE-L", "canary judgements", "why")
    return [table("Passed", columns, rows)] if rows else []


def lineage_rows(model: ModelSummary | None) -> list[tuple[str, str]]:
    """What a model was made of, `-` where it is not known."""
    values = (
        ("base model", model.base_model if model else ""),
        ("data", model.data if model else ""),
        ("fingerprint", model.fingerprint if model else ""),
        ("training job", model.job if model else ""),
        ("commit", model.commit if model else ""),
        ("gate's verdict", model.verdict if model else ""),
    )
    return [(what, value or "-") for what, value in values]


def _step(one: StepTaken) -> str:
    shares = ", ".join(f"{name} {percent} %" for name, percent in one.traffic.items())
    return f"{one.action}: {one.why}{f' ({shares})' if shares else ''}"


def _approval(model: str, after: NextEnvironment) -> str:
    steps = ", ".join(f"{percent} %" for percent in after.traffic_steps)
    live = "not known from here" if after.live_model is None else after.live_model or "nothing yet"
    return (
        f"Approving {after.environment} gives {model} its traffic in steps of {steps}, each watched for "
        f"{after.bake_seconds:g} s; live there is {live}"
    )


def _tables(result: PromoteResult) -> Iterator[Table]:
    yield from steps_table(result.steps)
    if result.canary:
        yield table("Judgements", MEASURED, [_measured(one) for one in result.canary])
    yield deployments_table(result.endpoint)
    yield from passed_table(result.passed)


def _measured(one: Measurement) -> tuple[Cell, ...]:
    classes = ", ".join(f"{kind} {count:g}" for kind, count in one.requests.items())
    latency = "-" if one.p95_ms is None else f"{one.p95_ms:.0f}"
    return (one.step, one.source, one.deployment, classes, f"{one.error_share:.1%}", latency)


def _sections(result: PromoteResult) -> Iterator[Section]:
    if result.comparison:
        yield _changes(result.comparison)
    if result.smoke_test:
        yield _smoke_test(result.smoke_test)
    if result.log:
        yield Section("The failed deployment's last lines", (result.log,))


def _changes(compared: ModelComparison) -> Section:
    """The live model beside the new one: lineage and metrics, and the machines."""
    old, new = compared.live, compared.new
    rows: list[tuple[Cell, Cell, Cell]] = [("model", compared.live_model or "none", new.model)]
    rows += [
        (what, before, after) for (what, before), (_, after) in zip(lineage_rows(old), lineage_rows(new), strict=True)
    ]
    measured = old.metrics if old else {}
    for name in sorted({*measured, *new.metrics}):
        rows.append((name, _number(measured.get(name)), _number(new.metrics.get(name))))
    rows += [(one.name, one.before or "-", one.after or "-") for one in compared.settings]
    return Section("What changes", (_cost(compared.cost),), (table("", ("", "live", "new"), rows),))


def _cost(cost: AddedCapacity) -> str:
    """What it costs in machines: prices differ by contract, instance-hours do not."""
    new, old, stays = cost.new, cost.rollback_target, cost.rollback_target_hours
    if old is None:
        return f"Cost: {_machines(new)}, around the clock from now on"
    after = "until it is deleted" if stays is None else f"for {stays:g} hours after it"
    hours = "" if stays is None else f", {stays * old.instance_count:g} instance-hours"
    kept = f"{_machines(old)} of the deployment before, which is kept for a rollback"
    return f"Cost: {_machines(new)} more during the promotion, and {after} {kept}{hours}"


def _machines(one: Capacity) -> str:
    return f"{one.instance_count} x {one.instance_type}"


def _smoke_test(found: SmokeTestResult) -> Section:
    times = [sample.seconds * 1000 for sample in found.samples]
    said = ", ".join(f"p{percent} {percentile(times, percent):.0f} ms" for percent in (50, 90, 95))
    return Section(
        f"Smoke test of {found.deployment}",
        (f"{len(found.samples)} questions answered; latency {said}; mean ROUGE-L {found.mean_rouge_l:.3f}",),
        (
            table(
                "Held-out conversations",
                ("question", "prediction", "ground truth", "ROUGE-L"),
                [_sample(one) for one in found.samples],
            ),
        ),
    )


def _sample(one: Sample) -> tuple[Cell, ...]:
    return (_short(one.question), _short(one.prediction), _short(one.ground_truth), round(one.rouge_l, 3))


def _number(value: float | None) -> str:
    return "-" if value is None else number(value)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN else f"{plain[: SHOWN - 1]}…"
