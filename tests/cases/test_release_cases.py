"""Facts about a commit -> the steps that run; one row a situation."""

from dataclasses import dataclass

import pytest

from mlops.domain.environments.order import PromotionOrder
from mlops.domain.release.plan import Facts, decide
from mlops.domain.serving.settings import HowApplied, SettingChange
from mlops.domain.training.run import Attempt, JobState


@dataclass(frozen=True)
class Case:
    name: str
    facts: Facts
    runs: str  # the verbs that run, in order
    why: str  # part of some reason
    force: bool = False


def trained(state: JobState, **more: object) -> Facts:
    names = list(more.get("live", {}))  # type: ignore[call-overload]
    order = PromotionOrder({name: tuple(names[:index][-1:]) for index, name in enumerate(names)})
    return Facts("r", "d1", "abc", Attempt("ft-abc-1", state), order=order, **more)  # type: ignore[arg-type]


ALL = "prepare compute submit watch evaluate gate register promote"
TIMEOUT = SettingChange("request_timeout_ms", "90000", "60000", HowApplied.NEW_DEPLOYMENT)
SIGN_IN = SettingChange("auth_mode", "key", "aad_token", HowApplied.REFUSED)
BOTH = {"staging": "m:1", "production": "m:1"}
CASES = [
    Case("new data", Facts("r"), ALL, "no data asset was made"),
    Case("data is there, never trained", Facts("r", "d1", "abc"), ALL.removeprefix("prepare "), "never trained"),
    Case("running", trained(JobState.RUNNING), "watch evaluate gate register promote", "ft-abc-1 is Running"),
    Case("failed", trained(JobState.FAILED), ALL.removeprefix("prepare "), "ft-abc-1 is Failed"),
    Case("canceled", trained(JobState.CANCELED), ALL.removeprefix("prepare "), "is Canceled"),
    Case("completed", trained(JobState.COMPLETED), "evaluate gate register promote", "not registered yet"),
    Case(
        "completed, and nothing is to be evaluated",
        trained(JobState.COMPLETED, no_evaluation="evaluation.enabled is false"),
        "gate register promote",
        "evaluation.enabled is false",
    ),
    Case(
        "a newer push took over, and this one is registered",
        trained(JobState.COMPLETED, model="m:1", live={"production": None}, superseded="main is at abc by now"),
        "",
        "main is at abc by now",
    ),
    Case("refused", trained(JobState.COMPLETED, refusal="eval_loss 9 is above 6"), "", "refused: eval_loss 9"),
    Case(
        "refused, forced", trained(JobState.COMPLETED, refusal="x"), ALL.removeprefix("prepare "), "forced", force=True
    ),
    Case(
        "running, forced",
        trained(JobState.RUNNING),
        "watch evaluate gate register promote",
        "was submitted",
        force=True,
    ),
    Case(
        "registered",
        trained(JobState.COMPLETED, model="m:1", live={"staging": None, "production": None}),
        "promote",
        "serves nothing",
    ),
    Case(
        "rolled back from production",
        trained(
            JobState.COMPLETED,
            model="m:2",
            live={"staging": "m:2", "production": "m:1"},
            blocked={"staging": "m:2 is held in staging", "production": "m:2 is held in production since yesterday"},
        ),
        "",
        "m:2 is held in production since yesterday",
    ),
    Case(
        "staging is frozen before the model got there",
        trained(
            JobState.COMPLETED,
            model="m:2",
            live={"staging": "m:1", "production": "m:1"},
            blocked={"staging": "staging is frozen"},
        ),
        "",
        "staging is frozen",
    ),
    Case(
        "half-way",
        trained(JobState.COMPLETED, model="m:2", live={"staging": "m:2", "production": "m:1"}),
        "promote",
        "serves m:1",
    ),
    Case(
        "live",
        trained(JobState.COMPLETED, model="m:1", live={"staging": "m:1", "production": "m:1"}),
        "",
        "all traffic in production",
    ),
    Case(
        "reverted to what was trained before and is registered, but serves no longer",
        trained(JobState.COMPLETED, model="m:1", live={"staging": "m:2", "production": "m:2"}),
        "promote",
        "production serves m:2 and not m:1",
    ),
    Case(
        "live with other serving settings",
        trained(JobState.COMPLETED, model="m:1", live=BOTH, outdated={"staging": (TIMEOUT,), "production": (TIMEOUT,)}),
        "promote",
        "m:1 is live with other serving settings (staging: request_timeout_ms; production: request_timeout_ms)",
    ),
    Case(
        "live with serving settings that were rolled back",
        trained(
            JobState.COMPLETED,
            model="m:1",
            live=BOTH,
            outdated={"production": (TIMEOUT,)},
            blocked={"production": "m:1 with these serving settings is held"},
        ),
        "",
        "m:1 with these serving settings is held",
    ),
    Case(
        "live with a setting that cannot be changed",
        trained(JobState.COMPLETED, model="m:1", live=BOTH, outdated={"production": (SIGN_IN,)}),
        "",
        "all traffic in production",
    ),
    Case(
        "force-pushed to another history with the same files",
        trained(JobState.COMPLETED, model="m:1", live={"production": "m:1"}),
        "",
        "ft-abc-1 was submitted for this fingerprint",
    ),
    Case(
        "a push that changes documents alone, after a run that failed",
        trained(JobState.FAILED),
        ALL.removeprefix("prepare "),
        "ft-abc-1 is Failed",
    ),
    Case(
        "live, staging torn down",
        trained(JobState.COMPLETED, model="m:1", live={"staging": None, "production": "m:1"}),
        "",
        "in production",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_plan_is_what_the_facts_ask_for(case: Case) -> None:
    plan = decide(case.facts, force=case.force)
    assert " ".join(step.verb for step in plan.steps if step.run) == case.runs
    assert any(case.why in step.reason for step in plan.steps)
    assert plan.nothing == (case.runs == "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whether_it_trains_has_the_reason_of_the_submission(case: Case) -> None:
    plan = decide(case.facts, force=case.force)
    assert plan.train == ("submit" in case.runs.split())
    assert plan.train_reason == next(step.reason for step in plan.steps if step.verb == "submit")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_step_is_listed_with_a_reason_whether_it_runs_or_not(case: Case) -> None:
    plan = decide(case.facts, force=case.force)
    assert [step.verb for step in plan.steps] == ALL.split()
    assert all(step.reason for step in plan.steps)


def test_changed_serving_settings_go_the_whole_way_again_where_staging_is_gone() -> None:
    live: dict[str, str | None] = {"staging": None, "production": "m:1"}
    facts = trained(JobState.COMPLETED, model="m:1", live=live, outdated={"production": (TIMEOUT,)})
    assert decide(facts).environments == ("staging", "production")
    still = {**live, "staging": "m:1"}
    facts = trained(JobState.COMPLETED, model="m:1", live=still, outdated={"production": (TIMEOUT,)})
    assert decide(facts).environments == ("production",)
