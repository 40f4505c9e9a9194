"""Every action on a lease in every state: the outcomes are the tables of Lease Blob in the storage REST reference."""

from datetime import UTC, datetime, timedelta

import pytest

from azureml_emulator.core.clock import iso
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.services.storage.lease import NONE, Action, Lease, State, Wanted, after, asked

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
A, B = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
SOON, AGO = iso(NOW + timedelta(seconds=20)), iso(NOW - timedelta(seconds=20))
LEASES = {
    State.AVAILABLE: NONE,
    State.LEASED: Lease(A, 30, SOON),
    State.EXPIRED: Lease(A, 30, AGO),
    State.BREAKING: Lease(A, 30, broken=SOON),
    State.BROKEN: Lease(A, 30, broken=AGO),
}
CODES = {
    "present": "LeaseAlreadyPresent",
    "breaking": "LeaseIsBreakingAndCannotBeAcquired",
    "unchangeable": "LeaseIsBreakingAndCannotBeChanged",
    "unrenewable": "LeaseIsBrokenAndCannotBeRenewed",
    "absent": "LeaseNotPresentWithLeaseOperation",
    "mismatch": "LeaseIdMismatchWithLeaseOperation",
}
ACQUIRE_A, ACQUIRE_B = Wanted(Action.ACQUIRE, proposed=A, seconds=30), Wanted(Action.ACQUIRE, proposed=B, seconds=30)
RENEW_A, RENEW_B = Wanted(Action.RENEW, A), Wanted(Action.RENEW, B)
A_TO_B, B_TO_A = Wanted(Action.CHANGE, A, B), Wanted(Action.CHANGE, B, A)
B_TO_C = Wanted(Action.CHANGE, B, "00000000-0000-0000-0000-00000000000c")
RELEASE_A, RELEASE_B = Wanted(Action.RELEASE, A), Wanted(Action.RELEASE, B)
BREAK, BREAK_NOW = Wanted(Action.BREAK), Wanted(Action.BREAK, break_seconds=0)
# the state afterwards, or why it is refused: available, leased, expired, breaking, broken before
OUTCOMES = [
    (ACQUIRE_A, ("leased", "leased", "leased", "breaking!", "leased")),
    (ACQUIRE_B, ("leased", "present!", "leased", "present!", "leased")),
    (RENEW_A, ("mismatch!", "leased", "leased", "unrenewable!", "unrenewable!")),
    (RENEW_B, ("mismatch!", "mismatch!", "mismatch!", "mismatch!", "mismatch!")),
    (A_TO_B, ("absent!", "leased", "absent!", "unchangeable!", "absent!")),
    (B_TO_A, ("absent!", "leased", "absent!", "unchangeable!", "absent!")),
    (B_TO_C, ("absent!", "mismatch!", "absent!", "mismatch!", "absent!")),
    (RELEASE_A, ("mismatch!", "available", "available", "available", "available")),
    (RELEASE_B, ("mismatch!", "mismatch!", "mismatch!", "mismatch!", "mismatch!")),
    (BREAK, ("absent!", "breaking", "broken", "breaking", "broken")),
    (BREAK_NOW, ("absent!", "broken", "broken", "broken", "broken")),
]
CASES = [
    pytest.param(wanted, state, outcome, id=f"{wanted.action}-{wanted.id[-1:]}{wanted.proposed[-1:]}-{state}-{outcome}")
    for wanted, outcomes in OUTCOMES
    for state, outcome in zip(State, outcomes, strict=True)
]


@pytest.mark.parametrize(("wanted", "state", "outcome"), CASES)
def test_each_action_in_each_state(wanted: Wanted, state: State, outcome: str) -> None:
    before = LEASES[state]
    assert before.state(NOW) is state
    if not outcome.endswith("!"):
        assert after(before, wanted, NOW).state(NOW) == outcome
        return
    with pytest.raises(ServiceError) as refused:
        after(before, wanted, NOW)
    assert (refused.value.status, refused.value.code) == (409, CODES[outcome.removesuffix("!")])


@pytest.mark.parametrize(
    ("lease", "pause", "left"),
    [
        (Lease(A, 30, SOON), None, 20),
        (Lease(A, 30, SOON), 5, 5),
        (Lease(A, 30, SOON), 60, 20),
        (Lease(A, -1), None, 0),
        (Lease(A, -1), 60, 60),
        (Lease(A, 30, broken=SOON), 60, 20),
        (Lease(A, 30, broken=SOON), 3, 3),
    ],
)
def test_a_break_takes_the_pause_or_what_is_left_whichever_is_sooner(
    lease: Lease, pause: int | None, left: int
) -> None:
    broken = after(lease, Wanted(Action.BREAK, break_seconds=pause), NOW)
    assert broken.seconds_left(NOW) == left
    assert broken.state(NOW + timedelta(seconds=left)) is State.BROKEN


@pytest.mark.parametrize("state", list(State))
def test_writes_need_the_lease_that_is_held_and_no_other(state: State) -> None:
    lease, locked = LEASES[state], state in {State.LEASED, State.BREAKING}
    answers = {}
    for stated in ("", A, B):
        try:
            lease.check_write(stated, NOW, "Blob")
            answers[stated] = "ok"
        except ServiceError as refused:
            answers[stated] = f"{refused.status} {refused.code}"
    lost = "412 LeaseNotPresentWithBlobOperation"
    held = {"": "412 LeaseIdMissing", A: "ok", B: "412 LeaseIdMismatchWithBlobOperation"}
    assert answers == (held if locked else {"": "ok", A: lost, B: lost})


@pytest.mark.parametrize(
    ("headers", "code", "named"),
    [
        ({}, "InvalidHeaderValue", "x-ms-lease-action"),
        ({"x-ms-lease-action": "take"}, "InvalidHeaderValue", "x-ms-lease-action"),
        ({"x-ms-lease-action": "acquire"}, "MissingRequiredHeader", "x-ms-lease-duration"),
        ({"x-ms-lease-action": "acquire", "x-ms-lease-duration": "14"}, "InvalidHeaderValue", "x-ms-lease-duration"),
        ({"x-ms-lease-action": "acquire", "x-ms-lease-duration": "61"}, "InvalidHeaderValue", "x-ms-lease-duration"),
        ({"x-ms-lease-action": "acquire", "x-ms-lease-duration": "x"}, "InvalidHeaderValue", "x-ms-lease-duration"),
        ({"x-ms-lease-action": "renew"}, "MissingRequiredHeader", "x-ms-lease-id"),
        ({"x-ms-lease-action": "renew", "x-ms-lease-id": "me"}, "InvalidHeaderValue", "x-ms-lease-id"),
        ({"x-ms-lease-action": "change", "x-ms-lease-id": A}, "MissingRequiredHeader", "x-ms-proposed-lease-id"),
        (
            {"x-ms-lease-action": "break", "x-ms-lease-break-period": "61"},
            "InvalidHeaderValue",
            "x-ms-lease-break-period",
        ),
    ],
)
def test_what_is_asked_for_must_make_sense(headers: dict[str, str], code: str, named: str) -> None:
    with pytest.raises(ServiceError, match=named) as refused:
        asked(headers)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_an_id_is_the_same_in_each_form_of_a_guid() -> None:
    for form in (B, B.upper(), f"{{{B}}}", f"({B})", B.replace("-", "")):
        assert asked({"x-ms-lease-action": "release", "x-ms-lease-id": form}).id == B
