"""The database's schema: every tag that this product writes or reads on what Azure ML keeps.

State lives in Azure ML and nowhere else, so these names are the schema. `docs/tags.md` is generated from `SCHEMA`.
Azure's limits: an ARM resource (endpoint) has at most 50 tags, names of 512 and values of 256 characters; of a job
names of 100 and values of 1,000 characters are kept (`mlops.domain.training.submission`).
"""

from dataclasses import dataclass
from enum import StrEnum


class On(StrEnum):
    """What carries a tag."""

    JOB = "training run"
    EVALUATION = "evaluation job"
    DATA = "data version"
    MODEL = "model"
    VERSION = "model version"
    ENDPOINT = "endpoint"
    DEPLOYMENT = "deployment"
    COMPUTE = "compute"
    AUTOSCALE = "autoscale setting"
    SET_UP = "what was set up"


OURS = "mlops-"  # what every name here begins with; the service and people have names of their own
OWNER_TAG = "mlops-owner"
ENVIRONMENT_TAG = "mlops-environment"
MODEL_TAG = "mlops-model"
FINGERPRINT_TAG = "mlops-fingerprint"
DATA_TAG = "mlops-data"
BASE_MODEL_TAG = "mlops-base-model"
COMPONENT_TAG = "mlops-component"
PARAMETERS_TAG = "mlops-parameters"
COMMIT_TAG = "mlops-commit"
RUN_TAG = "mlops-run"
REPOSITORY_TAG = "mlops-repository"
ACTOR_TAG = "mlops-actor"
INSTANCE_TYPE_TAG = "mlops-instance-type"
NODES_TAG = "mlops-nodes"
OVER_BUDGET_TAG = "mlops-over-budget"
WORK_TAG = "mlops-work"
EPOCHS_TAG = "mlops-epochs"
RECIPE_TAG = "mlops-recipe"
EVALUATES_TAG = "mlops-evaluates"
JOB_TAG = "mlops-job"
REGISTERED_BY_TAG = "mlops-registered-by"
EVALUATION_TAG = "mlops-evaluation"
QUESTIONS_TAG = "mlops-questions"
VERDICT_TAG = "mlops-verdict"
VERDICT_WHY_TAG = "mlops-verdict-why"
VERDICT_CHAMPION_TAG = "mlops-verdict-champion"
GATE_PREFIX = "mlops-gate-"
MEASURED_TAG = "mlops-measured"
METRIC_PREFIX = "metric-"
ROWS_PREFIX = "rows-"
SOURCE_PREFIX = "source-"
CHAMPION_PREFIX = "mlops-champion-"
PREVIOUS_PREFIX = "mlops-previous-"
CANDIDATE_PREFIX = "mlops-candidate-"
ALIAS_PREFIX = "mlops-alias-"
HISTORY_PREFIX = "mlops-history-"
PROMOTION_PREFIX = "mlops-promote-"
LEASE_TAG = "mlops-lease"
PREVIOUS_TAG = "mlops-previous"
ROLLED_BACK_TAG = "mlops-rolled-back"
TRAFFIC_TAG = "mlops-traffic"
PROMOTING_TAG = "mlops-promoting"
PROMOTED_TAG = "mlops-promoted"
PASSED_PREFIX = "mlops-passed-"
HELD_PREFIX = "mlops-held-"
HELD_IN_PREFIX = "mlops-held-in-"
DECISIONS = (PASSED_PREFIX, HELD_IN_PREFIX)  # what a version says of environments
DELETED_PREFIX = "mlops-deleted-"
FROZEN_TAG = "mlops-frozen"
ROLLBACK_TARGET_SINCE_TAG = "mlops-rollback-target-since"
IDLE_SINCE_TAG = "mlops-idle-since"
IDLE_DEPLOYMENT_PREFIX = "mlops-idle-deployment-"
KEEP_UNTIL_TAG = "keep-until"
SERVING_TAG = "mlops-serving"
AUTOSCALE_TAG = "mlops-autoscale"
MADE_BY_TAG = "mlops-made-by"
TEMPLATE_TAG = "mlops-template"
SERVING_HELD_PREFIX = "mlops-serving-held-"
FAILURE_TAG = "mlops-failure"
TOLD_TAG = "mlops-failure-told"


@dataclass(frozen=True)
class Tag:
    """One tag, or all that begin with `name` where it ends in `-`."""

    name: str
    on: tuple[On, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    form: str


_MADE_FROM = (On.JOB, On.VERSION)
_RELEASED = tuple(one for one in On if one is not On.SET_UP)
SCHEMA: tuple[Tag, ...] = (
    Tag(MADE_BY_TAG, (On.SET_UP,), ("init cloud",), ("init cloud",), "`init-cloud`: `--undo` deletes nothing else"),
    Tag(TEMPLATE_TAG, (On.SET_UP,), ("init cloud",), ("init cloud",),
        "of a deployment: 16 hexadecimal digits of its template and parameters"),
    Tag(OWNER_TAG, _RELEASED, ("prepare", "compute", "submit", "register", "promote"), ("every verb",),
        "name of the model in params.yaml: only what carries ours is changed"),
    Tag(ENVIRONMENT_TAG, (On.ENDPOINT,), ("promote",), ("promote", "cleanup"), "name of the environment"),
    Tag(MODEL_TAG, (On.DEPLOYMENT,), ("promote",), ("people",), "`name:version` of what it serves"),
    Tag(SERVING_TAG, (On.DEPLOYMENT,), ("promote",), ("plan", "promote", "resume"),
        "`FINGERPRINT INSTANCES` of the serving settings, and how many instances were stated"),
    Tag(AUTOSCALE_TAG, (On.ENDPOINT,), ("promote", "rollback"), ("plan", "promote", "resume", "rollback"),
        "deployment with an autoscale setting of ours"),
    Tag(SERVING_HELD_PREFIX, (On.ENDPOINT,), ("rollback",), ("plan", "promote", "resume"),
        "version and settings that were rolled back: `TIME by WHO: WHY`"),
    Tag(FINGERPRINT_TAG, (*_MADE_FROM, On.EVALUATION), ("submit", "register", "evaluate"), ("plan", "register"),
        "12 hexadecimal digits of model, component, parameters and data"),
    Tag(DATA_TAG, (*_MADE_FROM, On.EVALUATION, On.DATA), ("submit", "register", "evaluate"),
        ("gate", "plan", "promote", "ask", "lineage", "cleanup"), "`name:version` of the training data"),
    Tag(BASE_MODEL_TAG, _MADE_FROM, ("submit", "register"), ("plan", "promote", "lineage"), "`name:version`"),
    Tag(COMPONENT_TAG, _MADE_FROM, ("submit", "register"), ("plan",), "`name:version`"),
    Tag(PARAMETERS_TAG, _MADE_FROM, ("submit", "register"), ("people",), "digest of the merged parameters"),
    Tag(COMMIT_TAG, (*_MADE_FROM, On.DATA, On.EVALUATION), ("prepare", "submit", "evaluate", "register"),
        ("plan", "promote", "lineage"), "commit, 40 hexadecimal digits"),
    Tag(RUN_TAG, (*_MADE_FROM, On.EVALUATION), ("submit", "evaluate", "register"), ("lineage",),
        "URL of the workflow run"),
    Tag(REPOSITORY_TAG, (*_MADE_FROM, On.EVALUATION, On.ENDPOINT, On.COMPUTE),
        ("submit", "evaluate", "register", "promote", "compute"), ("plan", "compute", "doctor", "promote", "lineage"),
        "`owner/name`; another repository is refused until `promote --take-over`"),
    Tag(ACTOR_TAG, _MADE_FROM, ("submit", "register"), ("runs",), "who started the workflow or the command"),
    Tag(INSTANCE_TYPE_TAG, (On.JOB,), ("submit",), ("plan", "cleanup"), "VM size of the fine-tuning"),
    Tag(OVER_BUDGET_TAG, _MADE_FROM, ("submit", "register"), ("promote",),
        "why somebody agreed that it is trained, and then served, above the budget"),
    Tag(NODES_TAG, (On.JOB,), ("submit",), ("plan", "cleanup"), "whole number"),
    Tag(WORK_TAG, (On.JOB,), ("submit",), ("plan",), "training rows times epochs"),
    Tag(EPOCHS_TAG, (On.JOB,), ("submit",), ("plan",), "number"),
    Tag(RECIPE_TAG, (On.DATA,), ("prepare",), ("plan", "prepare", "submit"), "up to 8 digests of parameters and data"),
    Tag(EVALUATES_TAG, (On.EVALUATION,), ("evaluate",), ("evaluate", "gate", "cleanup"),
        "`name:version` of a model, or a training run"),
    Tag(JOB_TAG, (On.VERSION,), ("register",), ("plan", "promote", "lineage", "cleanup"), "name of the training run"),
    Tag(REGISTERED_BY_TAG, (On.VERSION,), ("register",), ("people",), "URL of the workflow run, or who"),
    Tag(EVALUATION_TAG, (On.JOB, On.VERSION), ("gate", "register"), ("lineage", "cleanup"),
        "name of the evaluation job"),
    Tag(QUESTIONS_TAG, (On.JOB, On.VERSION), ("gate", "register"), ("people",), "`name:version` of the questions"),
    Tag(VERDICT_TAG, (On.JOB, On.VERSION), ("gate", "register"), ("promote", "lineage"), "`pass` or `refuse`"),
    Tag(VERDICT_WHY_TAG, (On.JOB, On.VERSION), ("gate", "register"), ("lineage",), "sentence"),
    Tag(VERDICT_CHAMPION_TAG, (On.JOB, On.VERSION), ("gate", "register"), ("people",), "`name:version`, or `none yet`"),
    Tag(GATE_PREFIX, (On.JOB, On.VERSION), ("gate", "register"), ("people",), "metric and rule: word, value, limit"),
    Tag(MEASURED_TAG, (On.JOB, On.VERSION), ("gate", "register"), ("runs",),
        "`METRIC=NUMBER …` of those that were judged, or `-`"),
    Tag(METRIC_PREFIX, (On.VERSION,), ("register",), ("gate",), "metric: number"),
    Tag(ROWS_PREFIX, (On.DATA,), ("prepare",), ("lineage", "register"), "split: whole number"),
    Tag(SOURCE_PREFIX, (On.DATA,), ("prepare",), ("lineage", "register"), "number: where rows came from"),
    Tag(CHAMPION_PREFIX, (On.MODEL,), ("promote", "rollback"), ("gate", "promote", "cleanup"), "environment: version"),
    Tag(PREVIOUS_PREFIX, (On.MODEL,), ("promote", "rollback"), ("cleanup",), "environment: version"),
    Tag(CANDIDATE_PREFIX, (On.MODEL,), ("promote", "rollback"), ("cleanup",), "environment: version"),
    Tag(ALIAS_PREFIX, (On.VERSION,), ("promote", "rollback"), ("people",), "environment: `champion`, `previous`, …"),
    Tag(HISTORY_PREFIX, (On.VERSION,), ("promote", "rollback"), ("cleanup", "people"), "environment: when it was what"),
    Tag(PROMOTION_PREFIX, (On.JOB,), ("promote", "resume"), ("resume", "promote"),
        "environment: state retries time commit"),
    Tag(LEASE_TAG, (On.ENDPOINT,), ("promote", "rollback"), ("promote", "cleanup", "people"),
        "who changes it, a note: `HOLDER until TIME`, or `-`"),
    Tag(PREVIOUS_TAG, (On.ENDPOINT,), ("promote", "rollback"), ("promote", "rollback", "cleanup"),
        "deployments that were live before, newest first, or `-`"),
    Tag(ROLLED_BACK_TAG, (On.ENDPOINT,), ("rollback",), ("plan", "resume", "rollback"), "`LEFT to BACK`"),
    Tag(TRAFFIC_TAG, (On.ENDPOINT,), ("promote", "rollback"), ("plan", "promote", "status"),
        "`DEPLOYMENT=PERCENT …` as mlops set it last; other traffic is somebody's change"),
    Tag(PROMOTING_TAG, (On.ENDPOINT,), ("promote",), ("rollback",), "`name:version` on its way, removed at the end"),
    Tag(PROMOTED_TAG, (On.ENDPOINT,), ("promote",), ("status", "history"),
        "`TIME by WHO: WHY` of the last promotion; `TIME by WHO approved by WHOM: WHY` after an approval on GitHub"),
    Tag(PASSED_PREFIX, (On.VERSION,), ("promote",), ("promote", "lineage", "history"),
        "environment: `TIME by WHO approved by WHOM: data NAME:VERSION serving FINGERPRINT smoke SCORE "
        "canary JUDGEMENTS; WHY`"),
    Tag(HELD_PREFIX, (On.ENDPOINT,), ("rollback",), ("plan", "promote", "resume", "status"),
        "version that was rolled back: `TIME by WHO: WHY`"),
    Tag(HELD_IN_PREFIX, (On.VERSION,), ("rollback",), ("plan", "promote", "resume", "status", "lineage"),
        "environment where it is held: `TIME by WHO: WHY`"),
    Tag(DELETED_PREFIX, (On.VERSION,), ("cleanup",), ("history",),
        "environment whose endpoint was deleted while it served this: `TIME by WHO: WHY`"),
    Tag(FROZEN_TAG, (On.ENDPOINT,), ("freeze",), ("plan", "promote", "resume", "status", "cleanup"),
        "`TIME by WHO: WHY`"),
    Tag(ROLLBACK_TARGET_SINCE_TAG, (On.ENDPOINT,), ("promote", "rollback"), ("promote", "cleanup"), "time"),
    Tag(IDLE_SINCE_TAG, tuple(On), ("cleanup",), ("cleanup",), "time of the mark; deleting follows the grace period"),
    Tag(IDLE_DEPLOYMENT_PREFIX, (On.ENDPOINT,), ("cleanup",), ("cleanup",), "deployment: time of the mark"),
    Tag(KEEP_UNTIL_TAG, tuple(On), ("people",), ("cleanup",), "date (through that day, UTC) or time"),
    Tag(TOLD_TAG, (On.JOB,), ("resume",), ("resume",), "when a reconcile run was red because this run failed"),
    Tag(FAILURE_TAG, (On.JOB,), ("report",), ("report",), "name of the failure's cause"),
)  # fmt: skip
