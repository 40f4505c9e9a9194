"""`mlops status`: this commit, the environments, and the next step."""

from collections.abc import Mapping, Sequence

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
        (f"next: {result.next_verb}, because {result.why}" if result.next_verb else f"nothing to do: {result.why}",),
        tables=(table("This commit", ("what", "value"), rows), table("Environments", columns, served)),
        next_step=f"mlops {result.next_verb}" if result.next_verb and result.next_verb != "promote" else "mlops plan",
    )


def outputs(_: StatusResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}


def _rows(one: EnvironmentStatus) -> Sequence[tuple[str, ...]]:
    start = (one.name, one.endpoint, one.state.value)
    served = [
        (*start, f"{item.deployment}: {item.model}, {item.state.value}", f"{item.traffic} %") for item in one.serves
    ]
    return served or [(*start, "none", "")]
