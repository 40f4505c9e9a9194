"""What an autoscale setting is written with is read back as it was, and another one is not taken for it."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlops.azure.autoscale import of_properties, to_properties
from mlops.domain.serving.autoscale import AutoscaleSpec

TARGET = "/subscriptions/s/onlineEndpoints/e/deployments/d"
SPECS = st.builds(
    AutoscaleSpec,
    minimum=st.integers(1, 3),
    maximum=st.integers(3, 50),
    default=st.just(3),
    metric=st.sampled_from(["GpuUtilizationPercentage", "CpuUtilizationPercentage"]),
    scale_out_above=st.floats(50, 100),
    scale_in_below=st.floats(0, 49),
    window_minutes=st.integers(5, 720),
    cooldown_minutes=st.integers(1, 10080),
)


def as_the_service_writes(value: Any) -> Any:
    """Durations in hours where they are whole, other letters, whole numbers without a point, and fields of its own."""
    if isinstance(value, dict):
        more = {"dividePerInstance": False} if "metricName" in value else {}
        return {name: as_the_service_writes(each) for name, each in value.items()} | more
    if isinstance(value, list):
        return [as_the_service_writes(each) for each in value]
    if isinstance(value, str) and value.startswith("PT") and int(value[2:-1]) % 60 == 0:
        return f"PT{int(value[2:-1]) // 60}H"
    return int(value) if isinstance(value, float) and value.is_integer() else value


@given(SPECS)
def test_it_is_read_as_it_was_written(spec: AutoscaleSpec) -> None:
    written = to_properties(spec, TARGET)
    assert of_properties(written) == of_properties(as_the_service_writes(written)) == spec


@given(SPECS, st.data())
def test_a_rule_that_does_something_else_is_not_ours(spec: AutoscaleSpec, data: st.DataObject) -> None:
    changed = copy.deepcopy(to_properties(spec, TARGET))
    rule = changed["profiles"][0]["rules"][data.draw(st.integers(0, 1))]
    part, name, value = data.draw(
        st.sampled_from(
            [
                ("metricTrigger", "operator", "Equals"),
                ("metricTrigger", "statistic", "Max"),
                ("metricTrigger", "metricResourceUri", "/subscriptions/s/onlineEndpoints/e"),
                ("scaleAction", "value", "2"),
                ("scaleAction", "type", "ExactCount"),
            ]
        )
    )
    rule[part][name] = value
    assert of_properties(changed) is None


@given(SPECS)
def test_one_that_is_off_or_has_a_schedule_is_not_ours(spec: AutoscaleSpec) -> None:
    assert of_properties({**to_properties(spec, TARGET), "enabled": False}) is None
    scheduled = to_properties(spec, TARGET)
    scheduled["profiles"][0]["recurrence"] = {"frequency": "Week"}
    assert of_properties(scheduled) is None
    assert of_properties({}) is None
