"""Over random deployments, jobs, computes and versions: the protected, foreign, unknown, young or needed never goes."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.domain.cleanup import idle_deployments, idle_endpoints, jobs_and_compute, version_retention
from mlops.domain.cleanup import plan as cleanup_plan
from mlops.domain.cleanup.marks import mark_value
from mlops.domain.cleanup.plan import Because, Cause, Item, ItemState, Kind, Mode
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState
from mlops.domain.tags import DATA_TAG, EVALUATES_TAG, IDLE_SINCE_TAG

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMIT, GRACE, IDLE = 72 * HOUR, 20 * HOUR, 72 * HOUR
T = TypeVar("T")
seeds = st.integers(0, 2**32).map(random.Random)


def often(chance: random.Random, usual: T, *others: T) -> T:
    """Mostly what does not stand in the way, so that something goes at all."""
    return chance.choice(others) if chance.random() < 0.12 else usual


def ago(chance: random.Random, low: float, high: float) -> datetime:
    return NOW - chance.uniform(low, high) * HOUR


def tags(chance: random.Random, mark: str = IDLE_SINCE_TAG) -> dict[str, str]:
    marked = chance.choice([mark_value(ago(chance, 1, 60)), mark_value(ago(chance, 21, 60)), "soon", None])
    kept = often(chance, None, "2026-04-02", "next week")
    return {**({mark: marked} if marked else {}), **({"keep-until": kept} if kept else {})}


def counts(found: Mapping[str, str], mark: str = IDLE_SINCE_TAG) -> bool:
    """Whether a mark stands for the whole grace period."""
    text = found.get(mark, "soon")
    return text != "soon" and NOW - datetime.fromisoformat(text) >= GRACE


def job(chance: random.Random) -> jobs_and_compute.JobFacts:
    return jobs_and_compute.JobFacts(
        "ft-1",
        often(chance, True, False),
        often(chance, "Running", "Queued", "Finalizing", "Preparing", "NotResponding", "a new one"),
        often(chance, ago(chance, 60, 200), None, ago(chance, -5, 80)),
        tags(chance),
        often(chance, "", "the rule job 'ft-*'"),
        "Standard_A",
        2,
    )


@settings(max_examples=300, deadline=None)
@given(seeds)
def test_a_job_is_canceled_exactly_when_nothing_speaks_for_it(chance: random.Random) -> None:
    facts = job(chance)
    (item,) = jobs_and_compute.judge_jobs([facts], LIMIT, GRACE, NOW)
    free = (
        facts.ours
        and not facts.protected_by
        and "keep-until" not in facts.tags
        and facts.state in ("Running", "NotResponding")
        and facts.started is not None
        and NOW - facts.started >= LIMIT
        and counts(facts.tags)
        and datetime.fromisoformat(facts.tags[IDLE_SINCE_TAG]) >= facts.started
    )
    assert (item.state is ItemState.CANCEL) == free
    assert item.reason


def compute(chance: random.Random) -> jobs_and_compute.ComputeFacts:
    cluster, nodes = chance.random() < 0.5, chance.randint(0, 4)
    states = ("Succeeded", "Updating", "Failed") if cluster else ("Running", "Stopped", "Starting")
    return jobs_and_compute.ComputeFacts(
        "gpu",
        often(chance, True, False),
        "Standard_A",
        often(chance, *states),
        cluster,
        least_nodes=chance.randint(1, 4) if cluster else 0,
        nodes=nodes if cluster else 0,
        busy_nodes=often(chance, 0, chance.randint(0, nodes)) if cluster else 0,
        since=often(chance, ago(chance, 60, 200), None, ago(chance, -5, 80)),
        tags={k: v for k, v in tags(chance).items() if k == "keep-until"},
        protected_by=often(chance, "", "the rule compute 'gpu'"),
    )


@settings(max_examples=300, deadline=None)
@given(seeds)
def test_no_compute_is_released_that_works_or_is_not_ours_and_by_default_none_is(chance: random.Random) -> None:
    facts = compute(chance)
    (item,) = jobs_and_compute.judge_compute([facts], IDLE, NOW)
    if item.state is ItemState.RELEASE:
        assert facts.ours
        assert not facts.protected_by
        assert not facts.tags
        assert not facts.busy_nodes
        assert facts.state in ("Succeeded", "Running")
        assert facts.since is None or NOW - facts.since >= IDLE
    shipped = cleanup_plan.plan([item], max_deletions=5, max_share=1.0, modes={Cause.IDLE_COMPUTE: Mode.REPORT})
    assert not shipped.of(ItemState.RELEASE)


def versions(chance: random.Random, name: str) -> list[version_retention.VersionFacts]:
    return [
        version_retention.VersionFacts(
            name,
            str(number),
            often(chance, True, False),
            often(chance, ago(chance, 24 * 80, 24 * 300), None, ago(chance, 0, 24 * 90)),
            {
                **{k: v for k, v in tags(chance).items() if k == "keep-until"},
                **often(chance, {DATA_TAG: f"chat:{chance.randint(1, 8)}"}, {}),
                **often(chance, {}, {"mlops-alias-production": "champion"}, {"mlops-history-staging": "champion"}),
            },
            often(chance, "", "the rule"),
            archived=often(chance, False, True),
        )
        for number in range(1, 9)
    ]


POLICY = version_retention.RetentionPolicy(2, timedelta(days=90))


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_nothing_is_archived_that_a_live_model_was_made_from(chance: random.Random) -> None:
    models = versions(chance, "chat-model")
    data = versions(chance, "chat-train")
    served = {one.label for one in models if chance.random() < 0.2}
    jobs = [{DATA_TAG: f"chat:{chance.randint(1, 8)}"}]
    needs = version_retention.lineage(models, served, jobs, ("train", "test"))
    archived = {item.name for item in version_retention.judge(data, Kind.DATA, POLICY, needs, NOW) if _goes(item)}
    in_use = [one for one in models if not one.archived or one.label in served]
    used = [one.tags[DATA_TAG] for one in in_use if DATA_TAG in one.tags] + [jobs[0][DATA_TAG]]
    assert not archived & {f"chat-train:{label.partition(':')[2]}" for label in used}
    if any(one.ours and DATA_TAG not in one.tags for one in in_use):
        assert not archived, "a model of ours that does not say what it was made from could need any"
    _right_ones(data, archived)


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_no_model_version_is_archived_that_serves_or_has_a_role(chance: random.Random) -> None:
    models = versions(chance, "chat-model")
    served = {one.label for one in models if chance.random() < 0.2}
    unknown = often(chance, "", "what other serves could not be read: 503")
    needs = version_retention.Needs(dict.fromkeys(served, "an endpoint has it deployed"), unknown)
    archived = {item.name for item in version_retention.judge(models, Kind.MODEL, POLICY, needs, NOW) if _goes(item)}
    assert not archived & served
    assert not (unknown and archived)
    _right_ones(models, archived)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_no_question_and_no_score_goes_that_a_live_model_rests_on(chance: random.Random) -> None:
    models = [
        replace(one, tags={**one.tags, "mlops-job": f"ft-{one.version}", "mlops-evaluation": f"ev-{one.version}"})
        for one in versions(chance, "chat-model")
    ]
    asked = versions(chance, "chat-evaluation")
    scored = [
        replace(one, shown=f"ev-{one.version}", tags={**one.tags, "mlops-evaluates": chance.choice(("ft-1", "x"))})
        for one in versions(chance, "mlops-evaluates")
    ]
    served = {one.label for one in models if chance.random() < 0.2}
    in_use = [one for one in models if not one.archived or one.label in served]
    needs = version_retention.lineage(models, served, [], ("train", "test"))
    gone = {
        item.name
        for item in version_retention.judge(asked, Kind.DATA, POLICY, version_retention.questions(asked, needs), NOW)
        if _goes(item)
    }
    used = {one.tags.get(DATA_TAG) for one in in_use}
    assert not any(one.tags.get(DATA_TAG, None) in used for one in asked if one.label in gone)
    _right_ones(asked, gone)
    kept = version_retention.evaluations(scored, models, served)
    archived = {
        item.name for item in version_retention.judge(scored, Kind.EVALUATION, POLICY, kept, NOW) if _goes(item)
    }
    assert not archived & {f"ev-{one.version}" for one in in_use}
    if any(one.version == "1" for one in in_use):
        assert not any(one.tags["mlops-evaluates"] == "ft-1" for one in scored if one.label in archived)
    _right_ones(scored, archived)


def _goes(item: Item) -> bool:
    return item.state is ItemState.ARCHIVE


def _right_ones(every: list[version_retention.VersionFacts], archived: set[str]) -> None:
    dated = sorted((one for one in every if one.created), key=lambda one: one.created or NOW)
    newest = {one.label for one in dated[-POLICY.keep_newest :]}
    for one in every:
        if one.label in archived:
            assert one.ours
            assert not one.protected_by
            assert not [tag for tag in one.tags if tag not in (DATA_TAG, EVALUATES_TAG)]
            assert one.created
            assert NOW - one.created >= POLICY.keep_for
            assert one.label not in newest


def endpoint(chance: random.Random) -> idle_deployments.Endpoint:
    states = [DeploymentState.UPDATING, DeploymentState.DELETING, DeploymentState.FAILED, DeploymentState.CANCELED]
    deployed = tuple(
        DeploymentFacts(
            name,
            often(chance, DeploymentState.SUCCEEDED, *states),
            "chat:1",
            "Standard_A",
            1,
            often(chance, ago(chance, 100, 300), None, ago(chance, -2, 60)),
        )
        for name in ("live", "old")
    )
    use = idle_endpoints.Known(NOW, 5, NOW - 96 * HOUR, NOW, 96)
    marks = tags(chance, idle_deployments.mark_tag("old"))
    usage = idle_endpoints.EndpointUsage("chat", "staging", True, "Succeeded", NOW, NOW, False, marks, 2, deployed, use)
    because = often(chance, Because.IN_USE, Because.NOT_OURS, Because.PROTECTED, Because.CHANGING)
    item = Item("chat", "staging", ItemState.KEEP, "as it is", ours=True, because=because)
    shares = often(chance, {"live": 100}, {"live": 90, "old": 10}, {"live": 100, "old": 0}, {})
    used: Mapping[str, datetime] | idle_endpoints.Unknown = (
        {"old": ago(chance, 0, 100)} if chance.random() < 0.2 else {}
    )
    return idle_deployments.Endpoint(
        usage, item, shares, often(chance, {}, {"old": 10}), often(chance, used, idle_endpoints.Unknown("503"))
    )


@settings(max_examples=400, deadline=None)
@given(seeds)
def test_no_deployment_goes_that_has_traffic_may_be_needed_or_was_asked(chance: random.Random) -> None:
    found = endpoint(chance)
    retention = often(chance, 48 * HOUR, None)
    policy = idle_deployments.IdleDeploymentPolicy({"staging": retention} if retention else {}, 24 * HOUR, GRACE)
    for item in idle_deployments.judge([found], policy, NOW):
        if item.state is not ItemState.DELETE:
            continue
        one = next(one for one in found.usage.deployments if item.name == f"chat/{one.name}")
        live = [other for other in found.usage.deployments if found.traffic.get(other.name)]
        assert not found.traffic.get(one.name)
        assert not found.mirror.get(one.name)
        assert found.item.because is Because.IN_USE
        assert counts(found.usage.tags, idle_deployments.mark_tag(one.name))
        assert one.created
        assert NOW - one.created >= 24 * HOUR
        if one.state.broken:
            continue
        assert live
        assert all(other.state.healthy for other in live)
        assert retention
        assert not isinstance(found.used, idle_endpoints.Unknown)
        assert one.name not in found.used or NOW - found.used[one.name] >= retention


@pytest.mark.parametrize("make", ["job", "spare"])
def test_things_do_go_in_these_tests(make: str) -> None:
    """A property of what never happens holds for nothing."""
    gone = 0
    for seed in range(400):
        chance = random.Random(seed)
        if make == "job":
            items = jobs_and_compute.judge_jobs([job(chance)], LIMIT, GRACE, NOW)
        else:
            items = idle_deployments.judge(
                [endpoint(chance)], idle_deployments.IdleDeploymentPolicy({"staging": 48 * HOUR}, 24 * HOUR, GRACE), NOW
            )
        gone += sum(item.state in (ItemState.CANCEL, ItemState.DELETE) for item in items)
    assert gone > 20


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_a_switch_keeps_and_a_job_once_marked_waits(chance: random.Random) -> None:
    facts = job(chance)
    (item,) = jobs_and_compute.judge_jobs([facts], LIMIT, GRACE, NOW)
    for mode in (Mode.IGNORE, Mode.REPORT):
        plan = cleanup_plan.plan([item], max_deletions=5, max_share=1.0, modes=dict.fromkeys(Cause, mode))
        assert not plan.of(ItemState.CANCEL)
        assert not plan.of(ItemState.MARK)
    if item.state is ItemState.MARK:
        again = replace(facts, tags={**facts.tags, IDLE_SINCE_TAG: mark_value(NOW)})
        (later,) = jobs_and_compute.judge_jobs([again], LIMIT, GRACE, NOW)
        assert later.because is Because.WAITING
