"""`mlops cleanup`: finds endpoints that nobody uses, marks them, and on a later run deletes what is still unused."""

from datetime import datetime, timedelta
from typing import Any

from mlops import clock
from mlops.azure import endpoints, monitor
from mlops.domain import idle, marks
from mlops.domain.base_model import parse_date
from mlops.errors import CapRefused, MlopsError, Problem, RemoteFailed
from mlops.flow.context import Context, Outcome
from mlops.views import Report, table

INGESTION_LAG = timedelta(minutes=10)  # the newest minutes may not have arrived
GONE_TRIES = 10
GONE_PAUSE = 3.0


def run(context: Context, *, apply: bool) -> Outcome:
    """Look, decide, and with `apply` act."""
    now = context.workspace.now()
    usages = observe(context, now)
    plan = idle.decide(usages, _policy(context), now)
    done: dict[str, str] = {}
    failures: list[Problem] = []
    if apply:
        done, failures = _apply(context, plan, now)
    rows = [
        (item.name, item.state.value, done.get(item.name, "" if apply else "not applied"), item.reason)
        for item in plan.items
    ]
    lines = [
        f"looked at {len(usages)} endpoints at {now:%Y-%m-%d %H:%M} (the service's time)",
        f"{plan.instance_hours_a_day:g} instance-hours a day still burn; the deletions save {plan.saved_a_day:g}",
        *([] if apply else ["dry run: nothing was changed"]),
    ]
    report = Report(
        "Cleanup",
        tuple(lines),
        (table("Endpoints", ("endpoint", "decision", "done", "why"), rows),),
        next_step="" if apply else "mlops cleanup --apply",
    )
    outputs: dict[str, str] = {}
    for word in ("marked", "deleted"):
        names = [name for name, value in done.items() if value == word]
        outputs |= {word: str(len(names)), f"{word}-names": ", ".join(names)}
    return Outcome(report, outputs, _failure(plan, failures))


def observe(context: Context, now: datetime) -> list[idle.EndpointUsage]:
    """Every endpoint of the workspace with its traffic in the window."""
    found = endpoints.listing(context.workspace)
    ours = [item for item in found if (item.get("tags") or {}).get(endpoints.OWNER_TAG) == context.owner]
    since = now - timedelta(days=context.params.cleanup.idle_days) - monitor.GRAIN
    used = monitor.activity(
        context.workspace, [str(item["id"]) for item in ours], since=since, until=now - INGESTION_LAG
    )
    return [_usage(context, item, used.get(str(item["id"]).lower(), idle.Unknown("not asked"))) for item in found]


def _usage(context: Context, item: dict[str, Any], activity: idle.Activity) -> idle.EndpointUsage:
    tags = {str(k): str(v) for k, v in (item.get("tags") or {}).items()}
    ours = tags.get(endpoints.OWNER_TAG) == context.owner
    environment = tags.get(endpoints.ENVIRONMENT_TAG)
    settings = context.params.environments.get(environment or "")
    deployed = endpoints.deployments(context.workspace, str(item["name"])) if ours else ()
    system = item.get("systemData") or {}
    return idle.EndpointUsage(
        name=str(item["name"]),
        environment=environment,
        ours=ours,
        state=str((item.get("properties") or {}).get("provisioningState")),
        created=_date(system.get("createdAt")),
        modified=_date(system.get("createdAt")),  # not the last change, which may be our own mark
        # An endpoint whose environment is no longer in params.yaml has lost the word that protected it: keep it.
        protected=settings.protected if settings else True,
        tags=tags,
        instances=sum(each.instance_count for each in deployed),
        deployments=deployed,
        activity=activity,
    )


def _date(stated: object) -> datetime | None:
    return parse_date(str(stated)) if stated else None


def _policy(context: Context) -> idle.Policy:
    return idle.Policy(**context.params.cleanup.model_dump())


def _apply(context: Context, plan: idle.Plan, now: datetime) -> tuple[dict[str, str], list[Problem]]:
    done: dict[str, str] = {}
    failures: list[Problem] = []
    for item in plan.items:
        try:
            if word := _act(context, item, now):
                done[item.name] = word
        except MlopsError as error:  # one that cannot be deleted must not keep the others alive
            done[item.name] = "failed"
            failures += error.problems
    return done, failures


def _act(context: Context, item: idle.Item, now: datetime) -> str:
    workspace = context.workspace
    match item.state:
        case idle.ItemState.MARK:
            endpoints.set_tags(workspace, item.name, {marks.MARK_TAG: marks.mark_value(now)})
            return "marked"
        case idle.ItemState.UNMARK:
            endpoints.set_tags(workspace, item.name, {marks.MARK_TAG: None})
            return "mark removed"
        case idle.ItemState.DELETE:
            context.say(f"deleting {item.name}")
            endpoints.delete(workspace, item.name)
            _until_gone(context, item.name)
            return "deleted"
        case _:
            return ""


def _until_gone(context: Context, name: str) -> None:
    for _ in range(GONE_TRIES):
        if name not in endpoints.names(context.workspace):
            return
        clock.sleep(GONE_PAUSE)
    raise RemoteFailed(
        Problem(f"{name} was deleted but is still listed", fix="run `mlops cleanup --apply` again later")
    )


def _failure(plan: idle.Plan, failures: list[Problem]) -> MlopsError | None:
    if failures:
        return RemoteFailed(failures)
    return (
        CapRefused(Problem(plan.refusal, "params.yaml, cleanup", fix="raise the cap if all of these are really to go"))
        if plan.refusal
        else None
    )
