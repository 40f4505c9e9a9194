"""Every read of a promotion and of a rollback is answered wrongly once: gone, as it was before, or late in a listing.

Nothing but a retry or a clean refusal may come of it: traffic is whole, no tag is lost, and the next run gets there.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import SIZE, register_model
from mlops.azure import agree, aliases, data, endpoints
from mlops.clouds import PUBLIC
from mlops.errors import AzureRefused, MlopsError, RemoteFailed, Unfinished
from mlops.flow import poll
from mlops.flow.context import Context
from mlops.flow.promote import ask, canary, freeze, promote, reconcile, rollback, thaw
from mlops.flow.promote.consent import Consent
from mlops.params import load
from tests.contract.own_workspace import own_workspace
from tests.project import parameters, write

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MODEL, ENDPOINT = "twice-read", "twice-read-production"
TAGS = {"mlops-verdict": "pass", "mlops-data": "twice-read:1", "mlops-base-model": "Phi-3-mini-4k-instruct:15"}
# How many reads of a route pass before one is answered wrongly, of a rollback and of a promotion in turn.
READS = {
    "endpoints.get": (0, 1, 2, 3, 3, 8),
    "endpoints.list_all": (0,),
    "deployments.list_all": (0, 1, 2),
    "deployments.get": (0,),
}
ALWAYS = ("endpoints.get", "deployments.list_all")  # read so often by both; the others only where these surprise


@dataclass
class World:
    folder: Path
    address: Address

    def context(self, say: Callable[[str], None] = lambda _: None, steps: Sequence[int] = (50, 100)) -> Context:
        stated = parameters()
        one = {"endpoint": ENDPOINT, "instance_type": SIZE, "traffic_steps": [*steps]}
        stated["environments"], stated["model"]["name"] = {"production": one}, MODEL
        stated.pop("rehearsal", None)
        stated["serving"] |= {"smoke_conversations": 1, "max_new_tokens": 2, "max_concurrent_requests_per_instance": 8}
        path = write(self.folder / "params.yaml", stated)
        return Context(load(path), path, own_workspace, say)

    def promote(self, version: int, say: Callable[[str], None] = lambda _: None, *, at_once: bool = False) -> None:
        """In two steps of the traffic, or `at_once`, which makes fewer calls."""
        consent, context = (
            Consent("again", allow_older=True, release_hold=True),
            self.context(say, (100,) if at_once else (50, 100)),
        )
        done = promote.run(context, "production", model=f"{MODEL}:{version}", consent=consent)
        assert done.failure is None

    def rollback(self) -> None:
        rollback.run(self.context(), "production", reason="")

    def facts(self) -> Any:
        return endpoints.observe(own_workspace(), ENDPOINT, MODEL)

    def fault(self, rule: str) -> None:
        process.control(self.address, "POST", "/faults", {"rule": rule})

    def forget_faults(self) -> bool:
        """Whether all were met."""
        found: list[dict[str, Any]] = process.control(self.address, "GET", "/faults")["faults"]
        process.control(self.address, "DELETE", "/faults")
        return all(one["met"] for one in found)


@pytest.fixture(scope="module")
def world(
    ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    from azure.ai.ml.entities import Model

    folder = tmp_path_factory.mktemp("reads")
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there"}]
    test = folder / "test.jsonl"
    test.write_text(json.dumps({"messages": turns}) + "\n", encoding="utf-8")
    data.upload(own_workspace(), "twice-read", "1", dict.fromkeys(data.ROLES, test), {})
    register_model(ml_client, folder / "good", "twice-read-source")
    source = str(ml_client.models.get("twice-read-source", version="1").path)
    for version in ("1", "2"):
        made = Model(name=MODEL, version=version, path=source, type="mlflow_model", tags=TAGS)
        ml_client.models.create_or_update(made)
    patch = pytest.MonkeyPatch()
    patch.setattr(reconcile, "PAUSES", poll.Pauses(0.01))
    patch.setattr(canary, "PROBE_PAUSES", poll.Pauses(0.01))
    patch.setattr(agree, "PAUSE", 0.01)
    patch.setattr(endpoints, "PAUSE", 0.01)
    made_world = World(folder, emulator_address)
    yield made_world
    patch.undo()
    endpoints.delete(own_workspace(), ENDPOINT)


@pytest.mark.parametrize("often", ["once", "2 times"])
def test_an_endpoint_that_seems_gone_keeps_its_traffic_and_its_canary(world: World, often: str) -> None:
    if world.facts().live != {"model-1": 100}:
        world.promote(1, at_once=True)
    facts = world.facts()
    if facts.find("model-2"):
        endpoints.delete_idle(own_workspace(), facts, "model-2")
    said: list[str] = []
    world.fault(f"endpoints.get {ENDPOINT}: 404 {often}")
    world.promote(2, said.append)
    assert world.forget_faults()
    assert any("goes from 0 % to 50 % beside" in line for line in said), "a canary, as for any live endpoint"
    assert not any("create endpoint" in line for line in said)
    assert world.facts().find("model-1") is not None, "what was live is kept for a rollback"


@pytest.mark.parametrize("kind", ["404", "stale"])
@pytest.mark.parametrize("route", READS)
def test_no_single_answer_is_believed(world: World, route: str, kind: str) -> None:
    workspace = own_workspace()
    for version in (1, 2) if len(world.facts().deployments) < 2 else (2,):
        world.promote(version, at_once=True)
    for number, skip in enumerate(READS[route]):
        before, mark = world.facts().live, f"{route} {kind} {skip}"
        endpoints.patch_tags(workspace, ENDPOINT, {"somebody": mark})  # the last change, which a stale answer lacks
        resource = "*" if route.endswith("list_all") else ENDPOINT
        world.fault(f"{route} {resource}: {kind} once after {skip} requests")
        with suppress(Unfinished, AzureRefused, RemoteFailed):  # a clean refusal
            world.rollback() if number % 2 == 0 else world.promote(1)
        assert world.forget_faults() or route not in ALWAYS
        facts = world.facts()
        assert sum(facts.live.values()) == 100
        assert {one.name for one in facts.deployments} >= set(before)
        assert (facts.tags["somebody"], facts.tags["mlops-environment"]) == (mark, "production")
        world.promote(2, at_once=True)
        assert world.facts().live == {"model-2": 100}
        assert aliases.read(workspace, MODEL).of("production").champion == "2"


@pytest.mark.parametrize("kind", ["404", "stale"])
@pytest.mark.parametrize("skip", [0, 1, 2, 3])
def test_a_freeze_and_its_end_are_what_they_say(world: World, kind: str, skip: int) -> None:
    workspace, context = own_workspace(), world.context()
    if not world.facts().live:
        world.promote(1)
    before = world.facts()
    for verb, wanted in (("freeze", True), ("thaw", False)):

        def act(verb: str = verb) -> bool:
            done = freeze.run(context, "production", reason="the fair") if verb == "freeze" else None
            return (done or thaw.run(context, "production")).result.changed

        mark = {"somebody": f"{kind} {skip} {verb}"}
        endpoints.patch_tags(workspace, ENDPOINT, mark)
        world.fault(f"endpoints.get {ENDPOINT}: {kind} once after {skip} requests")
        with suppress(Unfinished, AzureRefused, RemoteFailed):  # a clean refusal
            assert act(), "what it says it did not do, it was not asked to do"
            assert ("mlops-frozen" in world.facts().tags) == wanted
        world.forget_faults()
        act()
        facts = world.facts()
        assert ("mlops-frozen" in facts.tags) == wanted, "the next time it is done"
        assert (facts.tags["somebody"], facts.live) == (mark["somebody"], before.live)


@pytest.mark.parametrize("kind", ["404", "stale"])
def test_ask_names_the_model_that_answered_or_refuses(world: World, kind: str) -> None:
    """Each read in turn is answered wrongly, a stale one as before the newest promotion."""
    before = world.facts().live_model or f"{MODEL}:2"
    version = 1 if before == f"{MODEL}:2" else 2
    world.promote(version, at_once=True)
    wrong: dict[str, object] = {}
    for number in range(40):
        rule = {"route": "*", "method": "GET", "effect": "stale" if kind == "stale" else "status", "skip": number}
        process.control(world.address, "POST", "/faults", rule | ({"status": 404} if kind == "404" else {}))
        try:
            said: object = ask.run(world.context(), "production").result.asked[0].answers[0].model
        except MlopsError as error:
            said = error
        (fault,) = process.control(world.address, "GET", "/faults")["faults"]
        world.forget_faults()
        if not fault["hits"]:
            break
        if not isinstance(said, RemoteFailed | AzureRefused) and said != f"{MODEL}:{version}":
            wrong[fault["hits"][0]["path"]] = said
    else:
        pytest.fail("ask has fewer reads")
    assert wrong == {}


@pytest.mark.parametrize("kind", ["404", "stale"])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_no_tag_of_the_model_is_lost_by_an_answer_about_it(world: World, kind: str, skip: int) -> None:
    workspace, mark = own_workspace(), f"{kind} {skip}"
    url = f"{PUBLIC.arm}{workspace.id}/models/{MODEL}?api-version={aliases.API}"

    def tags() -> dict[str, str]:
        return dict(workspace.send("GET", url, "look").json()["properties"]["tags"])

    production = "1" if tags().get("mlops-champion-production") == "2" else "2"
    body = {"properties": {"tags": {**tags(), "somebody": mark}}}
    workspace.send("PUT", url, "somebody", json=body)  # the last change, which a stale answer lacks
    world.fault(f"models.get_container {MODEL}: {kind} once after {skip} requests")
    with suppress(RemoteFailed):
        aliases.promoted(workspace, MODEL, production, "production")
    assert world.forget_faults()
    aliases.promoted(workspace, MODEL, production, "production")
    assert (tags()["somebody"], tags()["mlops-champion-production"]) == (mark, production)
