"""What a model passed, as a tag of its version, and what the environment after it makes of that."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.promote import audit
from mlops.domain.promote.audit import LONGEST, AuditEntry
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.registry import model_card, passed
from mlops.domain.registry.lineage import ModelFacts, graph
from mlops.domain.registry.passed import EnvironmentPass
from mlops.domain.release.timeline import EventKind, VersionRecord, timeline
from mlops.domain.serving.settings import fingerprint

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SETTINGS = {"instance_type": "Standard_A"}
STAGING = cast("RolloutSpec", SimpleNamespace(environment="staging", settings=SETTINGS))
GOOD = EnvironmentPass(NOON, "ada", "a better model", "chat:1", fingerprint(SETTINGS), 0.412, 2)
TAGS = {"mlops-data": "chat:1", "mlops-passed-staging": GOOD.to_tag()}


def why_not(tags: dict[str, str]) -> str:
    return " ".join(problem.what for problem in passed.lacking("chat:3", tags, [STAGING], "production"))


def test_a_model_that_passed_goes_on_and_says_who_when_and_how() -> None:
    assert why_not(TAGS) == ""
    assert passed.every(TAGS) == {"staging": GOOD}
    assert TAGS["mlops-passed-staging"].startswith("2026-11-28T12:00:00+00:00 by ada: data chat:1 serving ")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"mlops-passed-staging": ""}, "it did not pass staging"),
        ({"mlops-passed-staging": "yes, it is fine"}, "it did not pass staging"),
        ({"mlops-data": "chat:2"}, "it passed staging as a model of the data chat:1"),
        (
            {"mlops-held-in-staging": AuditEntry(NOON, "bob", "wrong").to_tag()},
            "was rolled back there since 2026-11-28",
        ),
        (
            {"mlops-passed-staging": EnvironmentPass(NOON, "ada", "", "chat:1", "0123456789ab", 0.4, 0).to_tag()},
            "with other serving settings (0123456789ab) than params.yaml says now",
        ),
    ],
)
def test_what_does_not_count(changed: dict[str, str], says: str) -> None:
    assert says in why_not({**TAGS, **changed})


def test_settings_that_were_rolled_back_have_not_passed_and_others_have() -> None:
    back = AuditEntry(NOON, "bob", "too slow")
    endpoint = audit.serving_hold_tags({}, "3", GOOD.serving, back)
    (((version, mark), entry),) = audit.serving_holds({key: value or "" for key, value in endpoint.items()}).items()
    assert (version, entry) == ("3", back)
    said = passed.taken_back(TAGS, "staging", mark, entry)
    assert said is not None
    changed = {**TAGS, "mlops-passed-staging": said}
    assert "with serving settings that were rolled back there since 2026-11-28 12:00 UTC, by bob" in why_not(changed)
    assert passed.taken_back(changed, "staging", mark, entry) is None, "once is enough"
    assert passed.taken_back(TAGS, "staging", "0000", entry) is None, "with other settings it passed"


def test_a_model_card_ends_with_what_people_decided_and_says_it_once() -> None:
    held = {"mlops-held-in-production": AuditEntry(NOON, "eve", "it is rude").to_tag()}
    card = model_card.with_decisions("### A card\n\ntext", {**TAGS, **held})
    assert "- passed staging 2026-11-28 12:00 UTC, by ada, because: a better model\n" in card
    assert "- rolled back in production, and held there since 2026-11-28 12:00 UTC, by eve, because: it is rude" in card
    assert model_card.with_decisions(card, {**TAGS, **held}) == card
    assert model_card.with_decisions(card, {}) == "### A card\n\ntext"


def test_the_refusal_names_both_ways_on() -> None:
    (problem,) = passed.lacking("chat:3", {}, [STAGING], "production")
    assert problem.fix is not None
    assert "mlops promote staging --model chat:3" in problem.fix
    assert "mlops promote production --model chat:3 --skip-earlier --reason WHY" in problem.fix


words = st.text("abcdefghij-:._/0123456789", min_size=1, max_size=20)


@given(
    st.builds(
        EnvironmentPass,
        st.integers(0, 10**8).map(lambda seconds: NOON + timedelta(seconds=seconds)),
        words,
        st.text(max_size=300).map(lambda text: " ".join(text.split())),
        words,
        st.just("0123456789ab"),
        st.integers(0, 1000).map(lambda value: value / 1000),
        st.integers(0, 9),
        st.sampled_from(["", "bob"]),
        st.sampled_from(["", "dev,staging"]),
    )
)
def test_a_tag_says_what_was_written_and_only_the_reason_is_cut(one: EnvironmentPass) -> None:
    text = one.to_tag()
    assert len(text) <= LONGEST
    found = passed.read({"mlops-passed-eu": text}, "eu")
    assert found is not None
    assert one.why.startswith(found.why)
    facts = {name: value for name, value in vars(one).items() if name != "why"}
    assert {name: vars(found)[name] for name in facts} == facts


def test_the_chain_leads_from_production_over_staging_to_the_gate() -> None:
    last: dict[str, Any] = {"by": "octocat", "why": "monthly", "approved": "bob", "at": NOON.replace(hour=14)}
    live = EnvironmentPass(**{**vars(GOOD), **last})
    tags = {**TAGS, "mlops-verdict": "pass", "mlops-registered-by": "run 7", "mlops-passed-production": live.to_tag()}
    tags["mlops-held-in-eu"] = AuditEntry(NOON, "eve", "rude").to_tag()
    found = graph([], [ModelFacts("chat:3", tags)])
    chain = [(edge.start, edge.relation, edge.end) for edge in found.edges]
    assert ("model:chat:3", "passed", "promotion:chat:3 in production") in chain
    assert ("promotion:chat:3 in production", "after", "promotion:chat:3 in staging") in chain
    assert ("promotion:chat:3 in staging", "after", "verdict:pass for chat:3") in chain
    facts = {node.name: dict(node.facts) for node in found.nodes}
    production = facts["chat:3 in production"]
    assert (production["by"], production["why"], production["approved_by"]) == ("octocat", "monthly", "bob")
    assert facts["chat:3 in staging"]["smoke_rouge_l"] == 0.412
    assert facts["pass for chat:3"]["by"] == "run 7"
    assert facts["chat:3"]["held_in_eu"] == "2026-11-28 12:00 UTC, by eve, because: rude"


def test_history_knows_who_promoted_an_earlier_model_and_why() -> None:
    tags = {**TAGS, "mlops-history-staging": "champion 2026-11-28T12:01:00Z; previous 2026-11-29T12:00:00Z"}
    found = timeline("chat", [], [VersionRecord("3", NOON, tags)], {"staging": {}})
    told = [(one.by, one.why) for one in found if one.kind is EventKind.PROMOTED]
    assert told == [("ada", "a better model")], "though the endpoint knows only its last promotion, or is gone"
