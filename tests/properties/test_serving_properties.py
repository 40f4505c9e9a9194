"""Serving settings and scale, whatever is stated, read, and done by others in between."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState
from mlops.domain.promote.planner import deployment_name, next_step
from mlops.domain.promote.preflight import check_name
from mlops.domain.promote.rollback import rollback_step
from mlops.domain.promote.steps import (
    BakeCanary,
    CreateDeployment,
    DeleteDeployment,
    DesiredRollout,
    Done,
    Progress,
    Refuse,
    Scale,
    SetTraffic,
    SmokeTest,
)
from mlops.domain.serving import scale
from mlops.domain.serving.naming import beside, deployment_for
from mlops.domain.serving.settings import ServingSettings, differences, fingerprint, of_tag, stated, to_tag

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VARIABLES = [
    {name: value for name, value in zip(("A", "B", "HF_HOME"), values, strict=True) if value}
    for values in product(("", "0", "1"), repeat=3)
]
# All of them, so that one is drawn and not its parts: to draw takes longer than to compare.
SETTINGS = st.sampled_from(
    [*product(("Standard_A", "Standard_B"), (5000, 90000), (1, 2, 3), VARIABLES, ("enabled", "disabled"))]
).map(lambda parts: stated(parts[0], ServingSettings(parts[1], parts[2], 600, 10, dict(parts[3]), parts[4])))
COUNTS = st.integers(1, 5)


@given(SETTINGS, SETTINGS)
def test_settings_differ_exactly_when_their_fingerprints_do(before: dict[str, str], after: dict[str, str]) -> None:
    found = differences(before, fingerprint(before), after)
    assert bool(found) == (fingerprint(before) != fingerprint(after)) == (before != after)
    assert {one.name for one in found} == {name for name in {*before, *after} if before.get(name) != after.get(name)}, (
        "and each is told"
    )


@given(SETTINGS, SETTINGS)
def test_what_the_service_makes_of_a_value_is_no_difference(read: dict[str, str], wanted: dict[str, str]) -> None:
    assert not differences(read, fingerprint(wanted), wanted), "else a deployment would be made anew for ever"


@given(SETTINGS)
def test_without_a_tag_only_what_is_known_to_differ_counts(wanted: dict[str, str]) -> None:
    shown = {**wanted, "environment_variables.AML_APP_ROOT": "/var/azureml-app"}
    assert not differences(shown, "", wanted)
    assert [one.name for one in differences({**wanted, "request_timeout_ms": "1"}, "", wanted)] == [
        "request_timeout_ms"
    ]
    plain = {name: value for name, value in wanted.items() if not name.startswith("environment_variables")}
    assert not differences({}, "", plain)


@given(SETTINGS, COUNTS)
def test_a_tag_is_read_as_it_was_written(settings: dict[str, str], count: int) -> None:
    assert of_tag(to_tag(fingerprint(settings), count)) == (fingerprint(settings), count)
    assert of_tag("somebody wrote this") == of_tag("") == ("", None)


@given(SETTINGS, st.from_regex(r"[0-9a-z]([-0-9a-z]{0,24}[0-9a-z])?", fullmatch=True))
def test_every_name_is_one_that_azure_takes(settings: dict[str, str], version: str) -> None:
    for name in (deployment_name("chat", version), beside(f"chat:{version}", settings)):
        assert check_name(name, "the deployment's name", "params.yaml") is None


def deployed(
    name: str, settings: dict[str, str], count: int, stated_count: int | None, version: int = 2
) -> DeploymentFacts:
    return DeploymentFacts(
        name,
        DeploymentState.SUCCEEDED,
        f"chat:{version}",
        settings["instance_type"],
        count,
        NOW,
        settings=settings,
        serving=fingerprint(settings),
        stated_count=stated_count,
    )


def endpoint(*some: DeploymentFacts) -> EndpointFacts:
    return EndpointFacts("chat-production", EndpointState.SUCCEEDED, {some[0].name: 100}, {}, some, {}, ours=True)


def wish(facts: EndpointFacts, settings: dict[str, str], count: int, version: int = 2) -> DesiredRollout:
    model = f"chat:{version}"
    name = deployment_for(facts, model, settings)
    made = (name, model, settings["instance_type"], count)
    later = NOW + timedelta(hours=1)
    return DesiredRollout("production", facts.name, *made, (50, 100), later, settings=settings)


def promoted(facts: EndpointFacts, settings: dict[str, str], count: int, version: int = 2) -> tuple[EndpointFacts, int]:
    """The endpoint after an undisturbed promotion, and how many deployments were made."""
    progress, made = Progress(), 0
    for _ in range(30):
        wanted = wish(facts, settings, count, version)
        step = next_step(facts, wanted, progress)
        changed = {one.name: one for one in facts.deployments}
        match step:
            case Done():
                return facts, made
            case CreateDeployment():
                main = max(facts.live, key=facts.share)
                assert step.instance_count >= changed[main].instance_count, "as many as what is live"
                one = deployed(step.name, settings, step.instance_count, step.stated_count, version)
                changed[step.name], made = one, made + 1
            case Scale():
                one = changed[step.name]
                changed[step.name] = replace(one, instance_count=step.count, stated_count=step.stated)
            case SetTraffic():
                tags = {key: value for key, value in {**facts.tags, **step.tags}.items() if value is not None}
                facts = replace(facts, traffic=dict(step.percentages), tags=tags)
            case DeleteDeployment():
                assert not facts.share(step.name)
                del changed[step.name]
            case SmokeTest() | BakeCanary():
                pass
            case _:
                raise AssertionError(step)
        facts = replace(facts, deployments=tuple(changed.values()))
        progress = progress.after(step)
    raise AssertionError(f"no end: {step}")


@given(SETTINGS, SETTINGS, COUNTS, COUNTS, st.none() | COUNTS)
def test_a_promotion_brings_settings_and_scale_there_once(
    before: dict[str, str], after: dict[str, str], count: int, wanted: int, stated_count: int | None
) -> None:
    live = deployed("model-2", before, count, stated_count)
    facts, made = promoted(endpoint(live), after, wanted)
    assert made == (before != after), "a new deployment for changed settings, and for nothing else"
    (name,) = facts.live
    now = facts.find(name)
    assert now is not None
    assert (now.settings, now.serving) == (after, fingerprint(after))
    if scale.scaled_by_others(live):
        assert now.instance_count >= count, "what somebody else scaled is not scaled down"
    else:
        assert now.instance_count == wanted
    assert promoted(facts, after, wanted) == (facts, 0), "twice is once"


@given(SETTINGS, SETTINGS, COUNTS)
def test_settings_that_are_rolled_back_are_held_with_their_model_alone(
    before: dict[str, str], after: dict[str, str], count: int
) -> None:
    facts, made = promoted(endpoint(deployed("model-2", before, count, count)), after, count)
    if not made:
        return
    back = rollback_step(facts, NOW + timedelta(hours=2), "production", AuditEntry(NOW, "ada", "slower"))
    assert isinstance(back, SetTraffic)
    assert dict(back.percentages) == {"model-2": 100}
    tags = {key: value for key, value in {**facts.tags, **back.tags}.items() if value is not None}
    facts = replace(facts, traffic=dict(back.percentages), tags=tags)
    held = next_step(facts, wish(facts, after, count))
    assert isinstance(held, Refuse)
    assert "chat:2 with these settings is held" in held.why
    assert isinstance(next_step(facts, wish(facts, before, count)), Done | DeleteDeployment), (
        "what it went back to is not"
    )
    assert not isinstance(next_step(facts, wish(facts, after, count, version=3)), Refuse), "nor is a newer model"


def test_other_settings_of_the_same_model_get_a_name_beside_the_live_one() -> None:
    first = stated("Standard_A", ServingSettings(5000, 1, 600, 10))
    second = {**first, "request_timeout_ms": "90000"}
    facts = endpoint(deployed("model-2", first, 1, 1))
    assert deployment_for(facts, "chat:2", first) == "model-2"
    assert deployment_for(facts, "chat:2", second) == beside("chat:2", second)
    assert deployment_for(facts, "chat:3", second) == "model-3"
    idle = replace(facts, traffic={})
    assert deployment_for(idle, "chat:2", second) == "model-2", "without traffic it is made anew"
