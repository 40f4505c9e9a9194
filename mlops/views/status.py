"""`mlops status`: this commit, the environments, and the next step."""

from collections.abc import Iterator, Mapping, Sequence

from mlops.domain.release.drift import Drift
from mlops.flow.release.status import EnvironmentStatus, StatusResult
from mlops.render import Report, table


def report(result: StatusResult) -> Report:
    """For people."""
    rows = [
        ("data recipe", result.recipe),
        ("data version", result.data_version or "not prepared"),
        ("fingerprint", result.fingerprint or "not known yet"),
        ("newest job", f"{result.job}: {result.job_state}" if result.job else "none"),
        ("verdict of now", result.refusal or ("pass" if result.model else "none yet")),
        ("model", result.model or "not registered"),
    ]
    served = [row for one in result.environments for row in _rows(one)]
    columns = ("environment", "endpoint", "state", "deployment", "traffic")
    return Report(
        "Status",
        (
            f"next: {result.next_verb}, because {result.why}" if result.next_verb else f"nothing to do: {result.why}",
            *(line for one in result.environments for line in _decided(one)),
            *drift_lines(result.drift),
        ),
        tables=(table("This commit", ("what", "value"), rows), table("Environments", columns, served)),
        next_step=f"mlops {result.next_verb}" if result.next_verb and result.next_verb != "promote" else "mlops plan",
    )


def outputs(_: StatusResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}


def drift_lines(found: Sequence[Drift]) -> tuple[str, ...]:
    """What somebody changed by hand."""
    return tuple(f"changed by hand in {one.environment}: {one.what}" for one in found)


def _decided(one: EnvironmentStatus) -> Iterator[str]:
    """What people decided about an environment."""
    if one.frozen:
        yield f"{one.name} is frozen {one.frozen}; `mlops thaw {one.name}` ends that"
    if one.rolled_back:
        yield f"{one.name} was rolled back from {one.rolled_back}"
    for version, entry in sorted(one.held.items()):
        yield f"version {version} is held in {one.name} {entry}"
    if one.promoting:
        yield f"{one.promoting} is on its way to {one.name}"
    if one.promoted:
        yield f"last promoted to {one.name}: {one.promoted.told}"


def _rows(one: EnvironmentStatus) -> Sequence[tuple[str, ...]]:
    start = (one.name, one.endpoint, one.state.value)
    served = [
        (*start, f"{item.deployment}: {item.model}, {item.state.value}", f"{item.traffic} %") for item in one.serves
    ]
    return served or [(*start, "none", "")]
