"""Known attempts -> submit or attach; parameters -> display name; what Azure would refuse; one row a situation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.training.run import Attempt, JobState
from mlops.domain.training.submission import LONGEST_DISPLAY, SubmissionDecision, check, decide, display_name

ENDED_BADLY = (JobState.FAILED, JobState.CANCELED, JobState.NOT_RESPONDING, JobState.PAUSED)


def attempts(*states: JobState) -> list[Attempt]:
    return [Attempt(f"ft-0123456789ab-{number}", state) for number, state in enumerate(states, 1)]


@pytest.mark.parametrize(
    ("states", "force", "attempt", "submits", "why"),
    [
        ((), False, 1, True, "never trained before"),
        ((), True, 1, True, "never trained before"),
        ((JobState.RUNNING,), False, 1, False, "ft-0123456789ab-1 is Running"),
        ((JobState.RUNNING,), True, 1, False, "is Running"),
        ((JobState.COMPLETED,), False, 1, False, "is Completed"),
        ((JobState.COMPLETED,), True, 2, True, "forced, although ft-0123456789ab-1 is Completed"),
        *(((state,), False, 2, True, f"is {state}") for state in ENDED_BADLY),
        ((JobState.FAILED, JobState.CANCELED), False, 3, True, "ft-0123456789ab-2 is Canceled"),
        ((JobState.FAILED, JobState.QUEUED), False, 2, False, "ft-0123456789ab-2 is Queued"),
        ((JobState.CANCEL_REQUESTED,), False, 1, False, "is CancelRequested"),
        ((JobState.UNKNOWN,), False, 1, False, "is Unknown"),
    ],
)
def test_a_fingerprint_is_submitted_or_attached_to(
    states: tuple[JobState, ...], force: bool, attempt: int, submits: bool, why: str
) -> None:
    found = decide(attempts(*states), force=force)
    assert (found.attempt, found.known is None) == (attempt, submits)
    assert why in found.why


def test_a_deleted_attempt_does_not_give_its_number_to_a_later_one() -> None:
    left = [Attempt("ft-0123456789ab-4", JobState.FAILED)]
    assert decide(left).attempt == 5
    assert decide([Attempt("ft-0123456789ab-2", JobState.COMPLETED)]).known


PLAIN = {"per_device_train_batch_size": "2", "gradient_accumulation_steps": "4", "lr_scheduler_type": "cosine"}
DEEP = {"apply_deepspeed": "true", "deepspeed_stage": "3"}
UNLIMITED = {"save_total_limit": "-1", "max_seq_length": "-1"}


@pytest.mark.parametrize(
    ("parameters", "gpus", "nodes", "shown"),
    [
        ({}, 1, 1, "m, bs 1x1x1x1=1, linear, no ds, full, save all, seq max"),
        (PLAIN, 8, 2, "m, bs 2x4x8x2=128, cosine, no ds, full, save all, seq max"),
        (
            {"apply_deepspeed": "true", "deepspeed_stage": "3"},
            1,
            1,
            "m, bs 1x1x1x1=1, linear, ds3, full, save all, seq max",
        ),
        (
            {"apply_lora": "true", "lora_r": "16", "save_total_limit": "1", "max_seq_length": "4096"},
            1,
            1,
            "m, bs 1x1x1x1=1, linear, no ds, lora r16, save 1, seq 4096",
        ),
        (
            {"save_total_limit": "-1", "max_seq_length": "-1"},
            1,
            1,
            "m, bs 1x1x1x1=1, linear, no ds, full, save all, seq max",
        ),
    ],
)
def test_the_display_name_tells_what_people_compare(
    parameters: dict[str, str], gpus: int, nodes: int, shown: str
) -> None:
    assert display_name("m", parameters, gpus=gpus, nodes=nodes) == shown


@given(st.text(max_size=400), st.dictionaries(st.sampled_from([*PLAIN, "max_seq_length"]), st.text(max_size=300)))
def test_a_display_name_is_never_too_long(model: str, parameters: dict[str, str]) -> None:
    assert len(display_name(model, parameters, gpus=8, nodes=99)) <= LONGEST_DISPLAY


GOOD = ("ft-0123456789ab-1", "chat-completion", "shown", {"mlops-owner": "x"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (GOOD, ""),
        (("a b", *GOOD[1:]), "the job name 'a b'"),
        (("x" * 256, *GOOD[1:]), "the job name"),
        ((GOOD[0], "my experiment", *GOOD[2:]), "training.experiment 'my experiment'"),
        ((GOOD[0], "e" * 256, *GOOD[2:]), "training.experiment"),
        ((*GOOD[:2], "s" * 257, {}), "the display name has 257 characters"),
        ((*GOOD[:3], {str(number): "" for number in range(31)}), "31 tags are too many; at most 30"),
        ((*GOOD[:3], {"k" * 101: ""}), "has 101 characters; Azure takes 100"),
        ((*GOOD[:3], {"k": "v" * 1001}), "the value of the tag k has 1001 characters"),
    ],
)
def test_what_azure_refuses_is_found_before(given: tuple[str, str, str, dict[str, str]], said: str) -> None:
    found = check(*given)
    assert len(found) == bool(said)
    assert all(said in problem.what for problem in found)


def test_a_run_of_another_project_takes_its_name_and_nothing_else() -> None:
    theirs = Attempt("ft-abc-1", JobState.COMPLETED, ours=False)
    assert decide([theirs]) == SubmissionDecision(2, None, "ft-abc-1 is of another project")
    own = Attempt("ft-abc-2", JobState.RUNNING)
    assert decide([theirs, own]).known == own
    later = Attempt("ft-0123456789ab-3", JobState.RUNNING, ours=False)
    failed = Attempt("ft-0123456789ab-2", JobState.FAILED)
    assert decide([failed, later]) == SubmissionDecision(4, None, "ft-0123456789ab-2 is Failed")
