"""No body makes the emulator fail: a part that is of another type than it should be is understood or refused.

What the service understands all the same, a number for a text, is its reader's way: core/body_types.py.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from azureml_emulator.core import arm
from azureml_emulator.core.body_types import read
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request
from emulator_support import recorded_place
from emulator_support.clients import Call
from emulator_support.recorded_facts import replayed

WRONG: tuple[Any, ...] = ("x", [None])
RARE: tuple[Any, ...] = (None, {"a": None}, float("inf"), "a" * 300)  # one of them at each place
NAMES = ("inputs", "jobs", "outputs", "properties", "services", "tags")  # below which each key is a name, or nearly
Spot = tuple[str | int, ...]


def test_a_part_of_another_type_is_understood_or_refused(api: Call) -> None:
    names = recorded_place.names(api)
    tried: set[tuple[str, ...]] = set()
    failed: list[str] = []

    def ask(method: str, url: str, body: Any) -> tuple[int, Any, Mapping[str, str]]:
        kind = "/".join(url.partition("?")[0].split("/")[11::2])
        for spot in spots(body):
            seen = (method, kind, *("" if above in NAMES else str(part) for above, part in pairwise(("", *spot))))
            if seen in tried:
                continue
            tried.add(seen)
            for number, wrong in enumerate((*WRONG, RARE[len(tried) % len(RARE)])):
                own = (rf"({names['name']}\d+)", rf"\g<1>w{len(tried)}x{number}")  # so that the real one is untouched
                text = re.sub(*own, json.dumps(changed(body, spot, wrong)))
                answer = api(method, re.sub(*own, url), text.encode(), Content_Type="application/json")
                if answer.status >= 500 and answer.status != 501:
                    failed.append(f"{method} {kind} {spot} {str(wrong)[:20]}: {answer.data.decode()[:160]}")
        return recorded_place.ask(api, method, url, body)

    assert list(replayed(ask, recorded_place.base(names), names))
    recorded_place.remove(api, names)
    assert not failed, "\n".join(failed[:20])
    assert len(tried) > 200


def spots(value: Any, path: Spot = ()) -> Iterator[Spot]:
    """The place of each part of a body."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from spots(item, (*path, key))


def changed(body: Any, spot: Spot, value: Any) -> Any:
    """The body with another value at that place."""
    made = at = copy.deepcopy(body)
    for part in spot[:-1]:
        at = at[part]
    at[spot[-1]] = value
    return made


def understood(kind: str, properties: Any, method: str = "PUT") -> Any:
    """What is read of a body's properties."""
    path = f"{arm.default_workspace_id()}/{kind}"
    return read(Request(method, arm.HOST, path, body=json.dumps({"properties": properties}).encode())).json()[
        "properties"
    ]


@pytest.mark.parametrize(
    ("kind", "stated", "read_as"),
    [
        ("jobs/a", {"jobType": "Command", "tags": {"a": 7, "b": True, "c": 0.5}}, {"a": "7", "b": "true", "c": "0.5"}),
        ("jobs/a", {"jobType": "command", "tags": {"a": None}}, {"a": None}),
        ("models/a/versions/1", {"tags": {"a": "x"}, "unknown": [7]}, {"a": "x"}),
    ],
)
def test_a_scalar_is_read_as_the_text_that_belongs_there(kind: str, stated: Any, read_as: Any) -> None:
    assert understood(kind, stated) == {**stated, "tags": read_as}


def test_numbers_and_truths_are_read_of_texts() -> None:
    stated = {
        "computeType": "AmlCompute",
        "disableLocalAuth": "True",
        "properties": {"scaleSettings": {"maxNodeCount": "4"}},
    }
    assert understood("computes/a", stated) == {
        "computeType": "AmlCompute",
        "disableLocalAuth": True,
        "properties": {"scaleSettings": {"maxNodeCount": 4}},
    }


@pytest.mark.parametrize(
    ("kind", "stated", "place"),
    [
        ("jobs/a", {"jobType": "Command", "tags": []}, "properties.tags"),
        ("jobs/a", {"jobType": "Command", "limits": {"timeout": {}}}, "properties.limits"),
        ("jobs/a", {"jobType": "Pipeline", "jobs": {"one": {"inputs": {"a": "x"}}}}, "properties.jobs.one.inputs.a"),
        ("components/a/versions/1", {"componentSpec": {"inputs": ["a"]}}, "properties.componentSpec.inputs"),
        ("computes/a", {"computeType": "AmlCompute", "properties": {"scaleSettings": {"maxNodeCount": 1.5}}},
         "properties.properties.scaleSettings.maxNodeCount"),
        ("computes/a", {"computeType": "AmlCompute", "disableLocalAuth": "perhaps"}, "properties.disableLocalAuth"),
        ("onlineEndpoints/e/deployments/d",
         {"endpointComputeType": "Managed", "livenessProbe": {"failureThreshold": True}},
         "properties.livenessProbe.failureThreshold"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(kind: str, stated: Any, place: str) -> None:
    with pytest.raises(ServiceError) as refused:
        understood(kind, stated)
    (detail,) = refused.value.details
    assert (refused.value.status, refused.value.code) == (400, "ValidationError")
    assert detail["target"].startswith(place)


def test_what_is_no_kind_of_the_interface_stays_as_it_is() -> None:
    assert understood("metrics/a", {"tags": 7}) == {"tags": 7}
    assert understood("jobs/a", {"tags": 7}, method="DELETE") == {"tags": 7}
