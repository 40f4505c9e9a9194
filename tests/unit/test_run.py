"""A release is named by what it is made of."""

from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.training.run import JobState, fingerprint, job_name, parse_job_name

PARAMETERS = st.dictionaries(st.text(min_size=1), st.text())


@given(PARAMETERS)
def test_the_order_of_parameters_does_not_count(parameters: dict[str, str]) -> None:
    turned = dict(reversed(list(parameters.items())))
    assert fingerprint("m", "c", parameters, "d") == fingerprint("m", "c", turned, "d")


@given(PARAMETERS, PARAMETERS)
def test_other_parameters_are_another_release(one: dict[str, str], other: dict[str, str]) -> None:
    assert (fingerprint("m", "c", one, "d") == fingerprint("m", "c", other, "d")) == (one == other)


def test_model_component_and_data_each_count() -> None:
    changed = (("m", "c", "d"), ("n", "c", "d"), ("m", "e", "d"), ("m", "c", "f"))
    marks = {fingerprint(model, component, {}, data) for model, component, data in changed}
    assert len(marks) == 4


def test_a_job_name_can_be_read_back() -> None:
    assert parse_job_name(job_name("0123456789ab", 12)) == ("0123456789ab", 12)
    assert parse_job_name("somebody-elses-job") is None


def test_only_ended_jobs_without_a_model_are_tried_again() -> None:
    assert {state for state in JobState if state.retryable} == {
        JobState.FAILED,
        JobState.CANCELED,
        JobState.NOT_RESPONDING,
        JobState.PAUSED,
    }
    assert not JobState.RUNNING.ended
