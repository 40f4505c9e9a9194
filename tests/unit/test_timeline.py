"""What happened, in time order, from tags."""

from datetime import UTC, datetime, timedelta

import pytest

from mlops.domain.promote.audit import AuditEntry
from mlops.domain.release.timeline import Event, EventKind, RunRecord, VersionRecord, timeline
from mlops.domain.training.run import JobState

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
RUN = "ft-aaaaaaaaaaaa-1"


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def told(events: tuple[Event, ...]) -> list[tuple[str, str | None, str, str]]:
    return [(event.kind.value, event.environment, event.by, event.why) for event in events]


def test_a_release_and_its_rollback_are_told_in_order_with_who_and_why() -> None:
    tags = {
        "mlops-job": RUN,
        "mlops-commit": "c" * 40,
        "mlops-verdict-why": "all rules pass",
        "mlops-registered-by": "https://github.com/o/r/actions/runs/7",
        "mlops-history-production": f"candidate {text(at(10))}; champion {text(at(30))}; previous {text(at(60))}",
        "mlops-held-in-production": AuditEntry(at(60), "ada", "wrong answers").to_tag(),
        "mlops-deleted-staging": AuditEntry(at(90), "cleanup", "chat-staging: no request for 3 days").to_tag(),
    }
    promoted = AuditEntry(at(31), "octocat", "quarterly model").to_tag()
    found = timeline(
        "chat",
        [RunRecord(RUN, JobState.COMPLETED, at(0), {"mlops-commit": "c" * 40})],
        [VersionRecord("2", at(10), tags)],
        {"staging": {}, "production": {"mlops-promoted": promoted}},
    )
    assert told(found) == [
        ("training submitted", None, "", ""),
        ("registered", None, "https://github.com/o/r/actions/runs/7", "all rules pass"),
        ("promoted", "production", "octocat", "quarterly model"),
        ("rolled back", "production", "ada", "wrong answers"),
        ("deleted by cleanup", "staging", "cleanup", "chat-staging: no request for 3 days"),
    ]
    assert [event.model for event in found] == [None, *["chat:2"] * 4]


def test_an_older_promotion_is_not_given_the_reason_of_the_last_one() -> None:
    history = f"champion {text(at(0))}; previous {text(at(500))}; champion {text(at(900))}"
    last = AuditEntry(at(900), "ada", "back again", "bob").to_tag()
    found = timeline(
        "chat", [], [VersionRecord("1", at(-9), {"mlops-history-eu": history})], {"eu": {"mlops-promoted": last}}
    )
    assert [(event.at, event.why, event.approved) for event in found if event.kind is EventKind.PROMOTED] == [
        (at(0), "", ""),
        (at(900), "back again", "bob"),
    ]


@pytest.mark.parametrize(
    ("state", "tags", "kind"),
    [
        (JobState.FAILED, {}, "training failed"),
        (JobState.CANCELED, {}, "training canceled"),
        (JobState.COMPLETED, {"mlops-verdict": "refuse", "mlops-verdict-why": "loss"}, "refused by the gate"),
        (JobState.COMPLETED, {"mlops-promote-eu": f"refused 0 {NOON.isoformat()}"}, "promotion refused"),
    ],
)
def test_what_went_wrong_is_an_event(state: JobState, tags: dict[str, str], kind: str) -> None:
    found = timeline("chat", [RunRecord(RUN, state, at(0), tags)], [], {"eu": {}})
    assert [event.kind.value for event in found] == ["training submitted", kind]


def test_a_freeze_and_a_mark_of_cleanup_stand_on_the_endpoint() -> None:
    tags = {"mlops-frozen": AuditEntry(at(5), "eve", "audit").to_tag(), "mlops-idle-since": at(3).isoformat()}
    assert told(timeline("chat", [], [], {"eu": tags})) == [
        ("marked as idle", "eu", "cleanup", ""),
        ("frozen", "eu", "eve", "audit"),
    ]


def test_what_somebody_made_of_a_tag_is_no_reason_to_fail() -> None:
    tags = {"mlops-history-eu": "champion whenever; ;;", "mlops-held-in-eu": "because"}
    found = timeline("chat", [], [VersionRecord("1", None, tags)], {"eu": {"mlops-promoted": "x", "mlops-frozen": "?"}})
    assert sorted(event.kind.value for event in found) == ["frozen", "registered", "rolled back"]
    assert all(event.at is None for event in found)
