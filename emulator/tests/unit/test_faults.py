"""Rules about faults: how they are written, which calls meet them, in which order, and how often."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.faults import effects
from azureml_emulator.core.faults.registry import Faults
from azureml_emulator.core.faults.rule import Rule, check, from_json
from azureml_emulator.core.faults.text import parse
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.routes import ROUTES

NAMES = sorted({route.name for route in ROUTES})


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    made = Emulator(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "jobs.create: 429 twice with Retry-After 1",
            Rule("jobs.create", "status", status=429, times=2, headers={"Retry-After": "1"}),
        ),
        (
            "deployments.put: operation fails ResourceNotReady",
            Rule("deployments.put", "operation", code="ResourceNotReady"),
        ),
        (
            "jobs.create ft-*: operation fails OutOfMemory at chat_completion_finetune",
            Rule("jobs.create", "operation", "ft-*", code="OutOfMemory", step="chat_completion_finetune"),
        ),
        ("jobs.put: operation ends NotResponding", Rule("jobs.put", "operation", state="NotResponding")),
        ("jobs.get: answers html", Rule("jobs.get", "body", body="html")),
        ("jobs.get: answers [] always", Rule("jobs.get", "body", body="[]", times=0)),
        ("blob.put: connection reset before", Rule("blob.put", "reset_before")),
        ("blob.put: reset after the request was applied, twice", Rule("blob.put", "reset_after", times=2)),
        ("endpoints.get my-*: slow 2.5 s always", Rule("endpoints.get", "slow", "my-*", seconds=2.5, times=0)),
        ("*.get_version: truncated at 10 bytes 3 times", Rule("*.get_version", "truncated", at_byte=10, times=3)),
        ("jobs.get: 404 for 5 s", Rule("jobs.get", "status", status=404, lasts=5.0, times=0)),
        ("jobs.get: 503 Busy once after 2 requests", Rule("jobs.get", "status", status=503, code="Busy", skip=2)),
    ],
)
def test_a_rule_is_read_as_people_write_it(text: str, rule: Rule) -> None:
    assert parse(text) == rule
    assert check(parse(text), NAMES) == rule
    assert from_json(asdict(rule)) == rule


@pytest.mark.parametrize(
    "text", ["", "jobs.put", "jobs.put: explode", "jobs.put: 429 thrice", "jobs.put: 429 with Retry-After"]
)
def test_what_is_no_rule_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ServiceError, match=r"Write ROUTE|write headers") as refused:
        parse(text)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"route": "jobs.putt", "effect": "slow", "seconds": 1}, r"Did you mean jobs\.put"),
        ({"route": "jobs.put", "effect": "burn"}, "no effect"),
        ({"route": "jobs.put", "effect": "status", "status": 200}, "not the status of a failure"),
        ({"route": "jobs.put", "effect": "slow"}, "above 0"),
        ({"route": "jobs.put", "effect": "reset_before", "times": -1}, "0 or more"),
        ({"route": "jobs.put", "effect": "reset_before", "times": "2"}, "times of a fault"),
        ({"route": "jobs.put", "effect": "reset_before", "tims": 2}, "no field tims"),
        ({"route": "jobs.put", "effect": "operation", "state": "Vanished"}, "cannot end"),
        ({"route": "models.get_label", "effect": "operation", "step": "train"}, "Only jobs have steps"),
        ({"effect": "reset_before"}, "needs route"),
    ],
)
def test_a_rule_that_cannot_be_met_is_refused(stated: dict[str, object], said: str) -> None:
    with pytest.raises(ServiceError, match=said):
        check(from_json(stated), NAMES)


def statuses(faults: Faults, route: str = "jobs.put", count: int = 6, part: str = "job-1") -> list[int]:
    taken = [faults.take(route, "PUT", [part, f"/jobs/{part}"]) for _ in range(count)]
    return [one.rule.status if one else 0 for one in taken]


def test_rules_are_used_up_in_order_and_say_what_they_met(emulator: Emulator) -> None:
    for text in ("jobs.create: 429 twice", "jobs.put: 503 once after 1", "models.*: 500"):
        emulator.faults.add(parse(text))
    assert statuses(emulator.faults) == [429, 429, 0, 503, 0, 0]
    shown = [one.show() for one in emulator.faults.entries]
    assert [(one["count"], one["left"], one["met"]) for one in shown] == [(2, 0, True), (1, 0, True), (0, 1, False)]
    assert [hit["path"] for hit in shown[0]["hits"]] == ["/jobs/job-1"] * 2


def test_a_rule_of_one_resource_leaves_the_others_alone(emulator: Emulator) -> None:
    emulator.faults.add(parse("jobs.put ft-*: 409 always"))
    assert statuses(emulator.faults, count=1) == [0]
    assert statuses(emulator.faults, count=3, part="FT-1") == [409, 409, 409]
    assert statuses(emulator.faults, route="jobs.get", count=1, part="ft-1") == [0]


def test_a_moment_ends_on_the_emulators_clock(emulator: Emulator) -> None:
    emulator.faults.add(parse("jobs.put: 404 for 30 s"))
    emulator.clock.advance(60)  # the moment begins with the first call
    assert statuses(emulator.faults, count=3) == [404] * 3
    emulator.clock.advance(31)
    assert statuses(emulator.faults, count=1) == [0]
    assert emulator.faults.entries[0].met


def test_what_was_met_survives_a_restart(emulator: Emulator, tmp_path: Path) -> None:
    emulator.faults.add(parse("jobs.put: 429 twice with Retry-After 1"))
    statuses(emulator.faults, count=1)
    again = Emulator(tmp_path)
    shown = [one.show() for one in again.faults.entries]
    again.close()
    assert shown == [one.show() for one in emulator.faults.entries]


def test_an_entry_given_back_is_met_by_the_next(emulator: Emulator) -> None:
    entry = emulator.faults.add(parse("deployments.put: operation fails"))
    for _ in range(2):
        assert emulator.faults.take("deployments.put", "PUT", ["d"]) is entry
        emulator.faults.give_back(entry)
    assert (entry.count, entry.hits, entry.met) == (0, [], False)


@pytest.mark.parametrize(
    ("host", "path", "part"),
    [
        ("management.azure.com", "/subscriptions/s", b'"error": {"code": "TooManyRequests"'),
        ("eastus.api.azureml.ms", "/mlflow/v2.0/x/api/2.0/mlflow/runs/get", b'{"error_code": "TooManyRequests"'),
        ("a.blob.core.windows.net", "/c/b", b"<Code>TooManyRequests</Code>"),
        ("e.eastus.inference.ml.azure.com", "/score", b"Too Many Requests"),
        ("login.microsoftonline.com", "/t/oauth2/v2.0/token", b'{"error": "TooManyRequests"'),
    ],
)
def test_an_error_comes_in_the_envelope_of_its_host(host: str, path: str, part: bytes) -> None:
    reply = effects.refusal(parse("*.*: 429 with Retry-After 7"), Request("GET", host, path))
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    content, _ = reply.content()
    assert isinstance(content, bytes)
    assert part in content


def test_a_truncated_answer_is_never_whole() -> None:
    rule, body = Rule("a.b", "truncated"), Reply(200, b"0123456789")
    assert [effects.cut(replace(rule, at_byte=at), body).cut for at in (-1, 0, 3, 10, 99)] == [5, 0, 3, 9, 9]


def test_no_two_calls_of_different_kinds_share_a_name() -> None:
    for name in (
        "jobs.put",
        "deployments.put",
        "batchDeployments.put",
        "models.get_version",
        "data.put_version",
        "blob.get",
    ):
        assert name in NAMES
    handlers = {(route.name, route.handler) for route in ROUTES if route.handler.__name__ in ("put", "get", "delete")}
    assert len({name for name, _ in handlers}) == len(handlers)
