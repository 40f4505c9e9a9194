"""A site's facts as a project of any age has them, with hostile text where text comes from outside."""

import math
from datetime import UTC, datetime, timedelta

from mlops.domain.evaluation.evidence import metrics_of
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentState, EndpointState
from mlops.domain.registry.lineage import DataFacts, EvaluationFacts, RunFacts
from mlops.domain.release.timeline import RunRecord, VersionRecord, timeline
from mlops.domain.tags import VERDICT_TAG
from mlops.domain.training.costs import Estimate, WorkUnit
from mlops.domain.training.run import JobState
from mlops.flow.release.live import EndpointUse, EnvironmentStatus, LiveModel, ServedModel
from mlops.flow.release.site import HourOfRequests, Limit, Machines, ModelDetails, ModelRecord, SiteResult
from mlops.flow.release.site_answers import AnswersBeside, ConversationScore, ShownAnswer

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'
BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENVIRONMENTS = ("staging", "production")


def example(releases: int) -> SiteResult:
    """A project with so many registered models, the newest in staging and the one before in production."""
    models = tuple(_model(number) for number in range(releases, 0, -1))
    runs = [RunRecord(f"ft-{number:012x}-1", JobState.COMPLETED, _at(number), {}) for number in range(1, releases + 1)]
    runs.append(RunRecord("ft-00000000ffff-1", JobState.RUNNING, _at(releases + 1), {"mlops-run": HOSTILE}))
    versions = [VersionRecord(one.version, one.registered, one.tags) for one in models]
    promoted = AuditEntry(_at(releases), "octocat", HOSTILE)
    endpoints = {"staging": {}, "production": {"mlops-promoted": promoted.to_tag(), "mlops-frozen": "- by eve: x"}}
    return SiteResult(
        model="chat",
        workspace="mlw",
        made=_at(releases + 2),
        environments=tuple(_environment(name, str(releases), promoted) for name in ENVIRONMENTS),
        machines=tuple(Machines(name, "model-1", "Standard_NC24ads_A100_v4", 1, 88.08, "USD") for name in ENVIRONMENTS),
        running=(runs[-1],),
        models=models,
        events=timeline("chat", runs, versions, endpoints),
        limits=(Limit("eval_loss", "max", 2.0),),
        left_out=0,
        requests=tuple(
            HourOfRequests("production", deployment, _at(releases + 2) - timedelta(hours=hours), 10 + hours % 7)
            for deployment in ("model-1", "<b>model-2</b>")
            for hours in range(24)
        ),
        currency="USD",
        estimate=Estimate(1.5, 1.5, 5.505, "USD", "Standard_NC24ads_A100_v4", 1, 3, WorkUnit.ROW_EPOCHS),
    )


def _at(day: int) -> datetime:
    return BEGIN + timedelta(days=day)


def _environment(name: str, version: str, promoted: AuditEntry) -> EnvironmentStatus:
    served = ServedModel("model-1", f"chat:{version}", DeploymentState.SUCCEEDED, 100, 1)
    held = {"3": AuditEntry(BEGIN, "octocat", HOSTILE)}
    live = LiveModel(f"chat:{version}", BEGIN, "octocat", HOSTILE, "ft-000000000001-1", HOSTILE, "pass", HOSTILE)
    use = EndpointUse(120, 2, 812.4, BEGIN) if name == "production" else EndpointUse(gap=HOSTILE)
    decided = (promoted, None, held, None, None, None)
    return EnvironmentStatus(
        name, f"chat-{name}", EndpointState.SUCCEEDED, (served,), *decided, live, use, 88.08, "USD"
    )


def _answers(number: int) -> AnswersBeside:
    scores = (ConversationScore(n, 0.3 + math.sin(n * number) / 9, 0.3 + math.cos(n) / 9) for n in range(1, 33))
    shown = ShownAnswer(4, "", 2, HOSTILE, HOSTILE, f"{HOSTILE} {'word ' * 90}", HOSTILE, -0.25)
    won = ShownAnswer(7, "arithmetic/1", 0, "What is 3 + 4?", "7", "It is 7.", "", 1.0)
    return AnswersBeside(f"chat:{number - 1}", "chat-evaluation:1", "rougeL", tuple(scores), (shown,), (won,))


def _model(number: int) -> ModelRecord:
    tags = {
        VERDICT_TAG: "pass",
        "mlops-verdict-why": HOSTILE,
        "mlops-commit": f"{number:040x}",
        "mlops-job": f"ft-{number:012x}-1",
        "metric-eval_loss": str(2 + math.cos(number) / 5 - number / 1000),
        "metric-rougeL": str(0.2 + math.sin(number) / 50),
        **{f"metric-probes.{name}": str(0.5 + number % 7 / 20) for name in ("all", "arithmetic", "refusal")},
        "mlops-passed-staging": f"{_at(number).isoformat()} by octocat approved by ada: data chat:1 serving s "
        f"smoke 0.412 canary 3; {HOSTILE}",
        "mlops-deleted-staging": AuditEntry(_at(number + 1), "cleanup", HOSTILE).to_tag(),
        **{f"mlops-history-{name}": f"champion {_at(number).isoformat()}" for name in ENVIRONMENTS[: 1 + number % 2]},
    }
    data = tuple(
        DataFacts(
            role, f"chat-{role}:{number}", {f"rows-{role}": "100", "source-1": f"data/{HOSTILE}: 3 of 4 rows kept"}
        )
        for role in ("train", "validation", "test")
    )
    run = RunFacts(
        f"ft-{number:012x}-1",
        "Completed",
        f"{number:040x}",
        "octo/chat",
        f"https://github.com/octo/chat/actions/runs/{number}",
        "chat_completion_pipeline:0.0.74",
        "Phi-3-mini-4k-instruct:15",
        parameters={"learning_rate": f"{5e-6 * (1 + number % 3):g}", "num_train_epochs": "1"},
        data=data,
    )
    curves = {
        "loss": tuple((10 * step, 4 - step / 10 + math.sin(step + number) / 10) for step in range(20)),
        "eval_loss": tuple((50 * step, 4 - step / 3) for step in range(4)),
    }
    return ModelRecord(
        label=f"chat:{number}",
        version=str(number),
        registered=_at(number),
        verdict="pass",
        why=HOSTILE,
        rules={"eval_loss-max": f"pass, candidate 1.9, threshold 2.0 {HOSTILE}"},
        metrics=metrics_of(tags),
        roles={"production": "champion" if number % 2 else ""},
        tags=tags,
        details=ModelDetails(
            run,
            EvaluationFacts(f"ev-{number:012x}-1", "Completed", questions="chat-evaluation:1"),
            curves,
            _answers(number),
            1.5,
            "Standard_NC24ads_A100_v4",
            1,
        ),
        training_cost=5.5,
    )
