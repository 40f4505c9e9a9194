"""`mlops status`: what is live, what goes on and what comes next, in one screen."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from mlops.domain.cleanup.plan import Because
from mlops.domain.training.costs import amount
from mlops.flow.cleanup.cleanup import CleanupItem
from mlops.flow.release.live import EndpointUse, EnvironmentStatus, LiveModel
from mlops.flow.release.schedules import Schedules
from mlops.flow.release.status import CleanupForecast, StatusResult
from mlops.flow.training.under_way import RunUnderWay, told
from mlops.render import Report, Table, table
from mlops.views.released import drift_lines, released_section

SHORT_COMMIT = 8
MOST_ITEMS = 5  # of cleanup; `mlops cleanup` has all
ROWS = (
    *("live", "since", "approved by", "made by", "verdict", "traffic", "health"),
    *("last day", "last request", "cost a day"),
)
UNDONE = {  # while a workflow is off
    "train": "a push trains nothing",
    "resume": "nothing carries a finished run on",
    "cleanup": "idle endpoints stay, and cost",
    "poll": "only `resume` looks at the run under way, three times a week",
}
MOST_WHY = 90  # characters of a verdict in one line


def report(result: StatusResult) -> Report:
    """For people."""
    tables = [_environments(result.environments)]
    tables += [_under_way(result.under_way)] if result.under_way else []
    return Report(
        "Status",
        (
            f"next: {result.next_verb}, because {result.why}" if result.next_verb else f"nothing to do: {result.why}",
            *(line for one in result.environments for line in _decided(one)),
            *_waiting(result),
            *_off(result.schedules),
            *drift_lines(result.drift),
            *_cleanup(result.cleanup),
            f"endpoints: {', '.join(one.endpoint for one in result.environments)}",
            f"GitHub's approvals are not known: {result.approvals.gap}" if result.approvals.gap else "",
        ),
        tables=(*tables, table("This commit", ("what", "value"), _this_commit(result))),
        sections=(released_section(result.compared),),
        next_step=result.next_step,
    )


def outputs(_: StatusResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}


def _environments(found: Sequence[EnvironmentStatus]) -> Table:
    """One column an environment, so that a screen of 80 columns holds it."""
    columns = [dict(_facts(one)) for one in found]
    names = [*ROWS, *dict.fromkeys(name for column in columns for name in column if name not in ROWS)]
    rows = [(name, *(column.get(name, "") for column in columns)) for name in names]
    rows = [row for row in rows if any(row[1:])]
    return table("Environments", ("", *(one.name for one in found)), rows)


def _facts(one: EnvironmentStatus) -> Iterator[tuple[str, str]]:
    yield "live", one.live.model if one.live else "nothing"
    if one.live:
        yield from _origin(one.live)
    yield "traffic", ", ".join(f"{item.deployment} {item.traffic} %" for item in one.serves) or "none"
    ill = [f"{item.deployment} {item.state.value}" for item in one.serves if not item.state.healthy]
    yield "health", ", ".join([one.state.value, *ill])
    if one.serves:
        yield "last day", _last_day(one.use)
        yield "last request", _last_request(one.use)
        yield "cost a day", "no price given" if one.cost_a_day is None else amount(one.cost_a_day, one.currency)
    for change in one.pending:
        yield f"{change.name} to be", f"{change.after or '-'} instead of {change.before or '-'}"


def _origin(live: LiveModel) -> Iterator[tuple[str, str]]:
    yield "since", f"{moment(live.since)}{f' by {live.by}' if live.by else ''}"
    if live.approved:
        yield "approved by", live.approved
    commit = f"commit {live.commit[:SHORT_COMMIT]}" if live.commit else ""
    yield "made by", ", ".join(part for part in (live.job, commit) if part) or "not known"
    yield "verdict", f"{live.verdict or 'none'}{f': {_cut(live.why)}' if live.why else ''}"


def _last_day(use: EndpointUse) -> str:
    if use.requests is None:
        return f"not known: {use.gap}"
    failed = f", {use.errors} failed" if use.errors else ""
    slowest = "" if use.p95_ms is None else f", p95 {use.p95_ms:.0f} ms"
    return f"{use.requests} request{'' if use.requests == 1 else 's'}{failed}{slowest}"


def _last_request(use: EndpointUse) -> str:
    if use.last_request is None:
        return "not known" if use.gap else "none in 30 days"
    return f"{'idle since ' if use.idle else ''}{moment(use.last_request)}"


def _under_way(found: Sequence[RunUnderWay]) -> Table:
    rows = [
        (one.job, one.step or one.state.value, told(one.left) if one.left else "not known: no such run has completed")
        for one in found
    ]
    return table("Under way", ("run", "step", "progress"), rows)


def _waiting(result: StatusResult) -> Iterator[str]:
    for one in result.approvals.waiting:
        yield f"waits for approval of {one.environment} since {moment(one.since)}: {one.title} {one.run}"
    if result.promotes and result.model:
        yield f"{result.model} is to go to {', '.join(result.promotes)}"


def _off(found: Schedules) -> Iterator[str]:
    """Nothing where GitHub was not asked: the line about approvals says why."""
    for one in found.off:
        yield f"{one.name} is {one.state} on GitHub: {UNDONE[one.name]}; {one.fix}"


def _cleanup(found: CleanupForecast) -> Iterator[str]:
    for one in found.items[:MOST_ITEMS]:
        yield f"cleanup, {_when(one)}: {one.status.value} the {one.kind.value} {one.name}: {one.reason}"
    if len(found.items) > MOST_ITEMS:
        yield f"cleanup has {len(found.items) - MOST_ITEMS} more; `mlops cleanup` lists them"
    if found.gap:
        yield f"what cleanup would do is not known whole: {found.gap}"
    elif not found.items:
        yield "cleanup has nothing to do"


def _when(one: CleanupItem) -> str:
    return "later" if one.because is Because.WAITING else "at its next run"


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


def _this_commit(result: StatusResult) -> list[tuple[str, str]]:
    return [
        ("data", f"version {_short(result.data_version or 'not prepared')}, recipe {_short(result.recipe)}"),
        ("fingerprint", result.fingerprint or "not known yet"),
        ("newest job", f"{result.job}: {result.job_state}" if result.job else "none"),
        ("verdict of now", result.refusal or ("pass" if result.model else "none yet")),
        ("model", result.model or "not registered"),
    ]


def moment(at: datetime | None) -> str:
    """To the minute, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else "not known"


def _short(digest: str) -> str:
    """The beginning of a digest; `--json` has all of it."""
    return f"{digest[:SHORT_COMMIT]}…" if len(digest) > 2 * SHORT_COMMIT else digest


def _cut(text: str) -> str:
    return text if len(text) <= MOST_WHY else f"{text[: MOST_WHY - 1]}…"
