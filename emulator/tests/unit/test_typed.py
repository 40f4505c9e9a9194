"""Resources as types: what is read and kept, and the transitions that the table has."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from typing import Annotated, Any, ClassVar

import pytest

from azureml_emulator.core.store import Resource
from azureml_emulator.core.typed import TRANSITIONS, At, Json, Provisioned, ProvisioningState, WrongTransition
from azureml_emulator.services.runs.status import TERMINAL, RunStatus
from azureml_emulator.services.runs.status import TRANSITIONS as RUNS


class Mode(StrEnum):
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class Lamp(Provisioned):
    mode: Annotated[Mode, At("properties.mode")] = Mode.OFF
    tags: Annotated[dict[str, Any], At("tags")] = field(default_factory=dict)
    watts: Annotated[int | None, At("properties.bulb.watts")] = None


def stored(**body: Any) -> Resource:
    return Resource("/lamps/one", "/lamps", "lamps", "one", body, 1)


def test_fields_come_from_their_places_and_the_rest_is_kept() -> None:
    body: dict[str, Any] = {
        "location": "x",
        "properties": {"mode": "on", "bulb": {"watts": 5, "colour": "red"}, "more": [1]},
    }
    lamp = Lamp.read(stored(**body))
    assert (lamp.mode, lamp.watts, lamp.tags, lamp.state) == (Mode.ON, 5, {}, ProvisioningState.CREATING)
    changed = replace(lamp, mode=Mode.OFF, watts=7).body()
    assert changed["location"] == "x"
    assert changed["properties"]["bulb"] == {"watts": 7, "colour": "red"}
    assert (changed["properties"]["mode"], changed["properties"]["more"]) == ("off", [1])
    assert body["properties"]["bulb"]["watts"] == 5, "what was read is not written to"


def test_null_is_the_default_and_a_value_that_the_enum_lacks_is_an_error() -> None:
    assert Lamp.read(stored(tags=None, properties={"mode": None})).mode is Mode.OFF
    with pytest.raises(ValueError, match="dim"):
        Lamp.read(stored(properties={"mode": "dim"}))


@pytest.mark.parametrize(("before", "after"), list(product(ProvisioningState, repeat=2)))
def test_a_state_follows_another_only_where_the_table_says_so(
    before: ProvisioningState, after: ProvisioningState
) -> None:
    lamp = replace(Lamp.read(stored()), state=before)
    if after in TRANSITIONS[before]:
        assert lamp.moved(after).state is after
    else:
        with pytest.raises(WrongTransition, match=f"from {before} to {after}"):
            lamp.moved(after)


def test_every_state_has_a_way_on_and_a_change_always_ends() -> None:
    assert set(TRANSITIONS) == set(ProvisioningState)
    ends = {ProvisioningState.SUCCEEDED, ProvisioningState.FAILED, ProvisioningState.CANCELED}
    assert all(TRANSITIONS[state] == ends for state in ProvisioningState if state not in ends)


def test_a_run_that_ended_stays_so_and_one_that_is_to_be_canceled_does_not_go_on() -> None:
    assert all(not RUNS[status] for status in TERMINAL)
    assert RUNS[RunStatus.CANCEL_REQUESTED] == TERMINAL
    assert all(RUNS[status] >= TERMINAL for status in RunStatus if status not in TERMINAL)


@dataclass(frozen=True, kw_only=True)
class Kept(Provisioned):
    """All of its properties as one field, beside a part of them."""

    writes_defaults: ClassVar[bool] = False
    stated: Annotated[Json, At("properties")]
    size: Annotated[int, At("properties.size")] = 1
    note: Annotated[str | None, At("properties.note")] = None


def test_a_part_that_changed_is_written_over_the_whole_and_a_default_that_nobody_stated_stays_out() -> None:
    body = {"properties": {"provisioningState": "Succeeded", "own": 1}}
    found = Kept.of("/a", "/", "a", body)
    assert found.body() == body
    changed = replace(found.moved(ProvisioningState.UPDATING), size=2)
    assert changed.body() == {"properties": {"provisioningState": "Updating", "own": 1, "size": 2}}
