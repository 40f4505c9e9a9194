"""Azure's roles of our own: what the rehearsals ask for, and neither less nor more."""

import json
from pathlib import Path

import pytest

from azureml_emulator.routes import ROUTES
from azureml_emulator.services.entra import operations
from azureml_emulator.services.entra import roles as azure
from mlops.cli.rehearse import roles as rehearsal
from mlops.domain.release.access import METRICS, SIZES, WRITES, Road
from tools import roles

ROOT = Path(__file__).resolve().parents[2]
RECORDED = roles.read()
NEEDED = roles.needed(RECORDED)
OF_ROAD = {Road.TRAIN: "train", Road.PROMOTE: "release", Road.CLEANUP: "cleanup"}


def allows(actions: list[str], action: str) -> bool:
    return azure.Role(tuple(actions)).allows(action, data=False)


def test_the_roles_are_what_the_recorded_calls_need() -> None:
    assert (ROOT / "infra" / "roles.json").read_text(encoding="utf-8") == roles.whole(), "run `make roles`"
    assert rehearsal.custom() == {kind: tuple(actions) for kind, actions in NEEDED.items()}
    assert {*rehearsal.KINDS.values(), rehearsal.RELEASE, rehearsal.READ} <= set(NEEDED)


@pytest.mark.parametrize(("kind", "call"), [(kind, call) for kind, made in RECORDED.items() for call in made])
def test_each_recorded_call_is_a_route_with_an_action_and_fails_without_it(kind: str, call: str) -> None:
    method, _, place = call.partition(" https://")
    routes = [one for one in ROUTES if f"{one.host}{one.path}" == place and method in one.methods.split()]
    assert routes, "the emulator has this route no more: record again"
    action = roles.action_of(call)
    if not action:
        return  # registries are found by whoever asks
    assert operations.published(action) == action
    own = NEEDED[roles.READ] if roles.of_subscription(call) else NEEDED[kind]
    assert allows(own, action)
    assert not allows([one for one in own if one != action], action), "another action of the role gives it, too"


@pytest.mark.parametrize("kind", NEEDED)
def test_what_no_rehearsal_reaches_is_named_once_and_with_its_reason(kind: str) -> None:
    seen = roles.needed({kind: RECORDED.get(kind, ())})
    made = {roles.action_of(call) for call in RECORDED.get(kind, ())}
    for action, reason in roles.BEYOND[kind].items():
        assert reason
        assert action not in made, f"a rehearsal asks for {action} by now"
        assert azure.definition({"name": "own", "actions": [action]})
        assert action in seen[kind]


@pytest.mark.parametrize("road", Road)
def test_what_doctor_asks_for_is_allowed(road: Road) -> None:
    own = [*NEEDED[OF_ROAD[road]], *NEEDED[roles.READ]]
    assert [action for action in (*WRITES[road], METRICS, SIZES) if not allows(own, action)] == []


def test_logs_tell_who_asked_for_what(tmp_path: Path) -> None:
    jobs = "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/{}/workspaces/w/jobs/j".format(
        "Microsoft.MachineLearningServices"
    )
    lines = (
        {"method": "GET", "url": jobs, "client": "one"},
        {"method": "DELETE", "url": jobs, "client": "another"},
        {"method": "GET", "url": "https://a.blob.core.windows.net/c/b", "client": "one"},
        {"method": "POST", "url": "https://login.microsoftonline.com/t/oauth2/v2.0/token"},
    )
    log = tmp_path / "requests.log"
    log.write_text("\n".join(map(json.dumps, lines)))
    (call,) = roles.calls([log], {"one": "train"})["train"]
    assert roles.action_of(call) == f"{roles.ML}/jobs/read"
