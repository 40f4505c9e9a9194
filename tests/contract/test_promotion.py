"""`mlops promote` and `mlops rollback` on a real emulator, while a client keeps asking and must never be refused."""

import json
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import QUESTION, SIZE, arm, register_model
from mlops.azure import aliases, data, deployments, endpoints, models
from mlops.azure.failures import Denied
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace
from mlops.domain.promote import lease
from mlops.domain.promote.chat_protocol import Question, own_question
from mlops.domain.serving.settings import ServingSettings
from mlops.domain.tags import COMMIT_TAG, LEASE_TAG
from mlops.errors import AzureRefused, BadInput, RemoteFailed, Unfinished
from mlops.flow import poll
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import check_project, own_endpoints
from mlops.flow.promote import ask, canary, freeze, promote, reconcile, rollback, thaw
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.lease import EndpointLease
from mlops.flow.promote.result import PromoteOutcome, PromoteResult, RollbackResult
from mlops.flow.registry import lineage
from mlops.flow.release import doctor
from mlops.params import load
from mlops.views import promote as promote_view
from mlops.views import rollback as rollback_view
from tests.contract.own_workspace import own_workspace
from tests.project import parameters, write

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ROOT = Path(__file__).resolve().parents[2]
MODEL, ENDPOINT, FAMILY = "promoted", "promotion-journey", "standardNCADSA100v4Family"
TAGS = {"mlops-verdict": "pass", "mlops-data": "promotion:1", "mlops-base-model": "Phi-3-mini-4k-instruct:15"}
WORKSPACE = {"location": "eastus", "identity": {"type": "SystemAssigned"}, "properties": {}}
BAD_QUESTION = {"input_data": {"input_string": [{"role": "assistant", "content": "no question"}]}}


@dataclass
class Client:
    """Somebody who asks an endpoint all the time."""

    pool: urllib3.ProxyManager
    uri: str
    key: str
    body: dict[str, Any]
    deployment: str = ""
    seen: list[tuple[int, str]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        named = {"azureml-model-deployment": self.deployment} if self.deployment else {}
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **named}
        while not self.stopped.is_set():
            answer = self.pool.request("POST", self.uri, body=json.dumps(self.body), headers=sent, retries=False)
            self.seen.append((answer.status, answer.headers.get("azureml-model-deployment", "")))
            time.sleep(0.1)

    def __enter__(self) -> "Client":
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join()


@dataclass
class Stage:
    """One endpoint, and the parameters for it."""

    folder: Path
    address: Address
    ml_client: "MLClient"
    said: list[str] = field(default_factory=list)
    on_say: Callable[[str], None] = lambda _: None
    connect: Callable[[], Workspace] = own_workspace
    repository: str = ""

    def context(self, run: int = 1, **settings: Any) -> Context:
        stated = parameters()
        one = {"endpoint": ENDPOINT, "instance_type": SIZE, "traffic_steps": [10, 100]}
        elsewhere = {"endpoint": "elsewhere-journey", "instance_type": SIZE, "registry": settings.pop("registry", None)}
        elsewhere |= settings.pop("place", {})
        stated["environments"], stated["model"]["name"] = {"production": one | settings, "elsewhere": elsewhere}, MODEL
        stated["serving"] |= {"smoke_conversations": 1, "max_new_tokens": 4, "max_concurrent_requests_per_instance": 8}
        path = write(self.folder / "params.yaml", stated)
        return Context(
            load(path),
            path,
            self.connect,
            self.say,
            run_url=f"https://example.test/actions/runs/{run}",
            repository=self.repository,
            actor="ada",
        )

    def say(self, line: str) -> None:
        self.said.append(line)
        self.on_say(line)

    def promote(
        self,
        version: int,
        name: str = "production",
        *,
        run: int = 1,
        commit: str = "",
        consent: Consent | None = None,
        **settings: Any,
    ) -> Outcome[PromoteResult]:
        context, named = self.context(run, **settings), f"{MODEL}:{version}"
        return promote.run(context, name, model=named, commit=commit, consent=consent)

    def rollback(self, reason: str = "") -> Outcome[RollbackResult]:
        return rollback.run(self.context(run=9), "production", reason=reason)

    def home(self) -> None:
        """Version 1 has all traffic, nothing is held, and nobody is at it."""
        tags = [name for name in self.facts().tags if name.startswith("mlops-held-")]
        endpoints.patch_tags(own_workspace(), ENDPOINT, {**dict.fromkeys(tags), LEASE_TAG: lease.FREE})
        for version in "123":
            models.set_tags(own_workspace(), MODEL, version, {"mlops-held-in-production": None})
        if self.facts().live != {"model-1": 100}:
            self.promote(1, consent=Consent(allow_older=True, accept_drift=True))

    def by_hand(self, traffic: dict[str, int]) -> None:
        """Move the traffic as the studio or `az` do."""
        found = self.ml_client.online_endpoints.get(ENDPOINT)
        found.traffic = traffic
        self.ml_client.online_endpoints.begin_create_or_update(found).result()

    def remove(self, name: str) -> None:
        """Delete a deployment without traffic, if there is one."""
        if self.facts().find(name):
            endpoints.delete_idle(own_workspace(), self.facts(), name)

    def tag_lease(self, text: str) -> None:
        endpoints.patch_tags(own_workspace(), ENDPOINT, {LEASE_TAG: text})

    def facts(self) -> Any:
        return endpoints.observe(own_workspace(), ENDPOINT, MODEL)

    def client(self, body: dict[str, Any] = QUESTION, deployment: str = "") -> Client:
        pool = urllib3.ProxyManager(self.address.proxy_url, ca_certs=self.address.ca_file)
        uri = str(self.ml_client.online_endpoints.get(ENDPOINT).scoring_uri)
        return Client(pool, uri, self.ml_client.online_endpoints.get_keys(ENDPOINT).primary_key, body, deployment)

    def control(self, method: str, path: str, body: dict[str, Any]) -> None:
        process.control(self.address, method, path, body)


@pytest.fixture(scope="module")
def stage(
    ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Versions 1 to 3 answer, 4 does not load, 5 has no verdict; a client asks throughout and is always answered."""
    folder = tmp_path_factory.mktemp("promotion")
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there"}]
    test = folder / "test.jsonl"
    test.write_text(json.dumps({"messages": turns}) + "\n", encoding="utf-8")
    data.upload(own_workspace(), "promotion", "1", dict.fromkeys(data.ROLES, test), {})
    register_model(ml_client, folder / "good", "promoted-source")
    source = str(ml_client.models.get("promoted-source", version="1").path)
    broken = folder / "broken"
    broken.mkdir()
    (broken / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    _register(ml_client, {1: source, 2: source, 3: source, 4: str(broken)}, TAGS)
    _register(ml_client, {5: source}, {})
    made = Stage(folder, emulator_address, ml_client)
    patch = pytest.MonkeyPatch()
    patch.setattr(reconcile, "PAUSES", poll.Pauses(0.05))
    patch.setattr(canary, "MONITOR_PAUSES", poll.Pauses(0.2))
    patch.setattr(canary, "PROBE_PAUSES", poll.Pauses(0.05))
    first = made.promote(1)
    assert promote_view.outputs(first.result)["traffic"] == "model-1 100 %"
    with made.client() as client:
        yield made
    patch.undo()
    assert len(client.seen) > 20
    assert {status for status, _ in client.seen} == {200}, "no request was refused, from before to after everything"
    endpoints.delete(own_workspace(), ENDPOINT)


def _register(ml_client: "MLClient", places: dict[int, str], tags: dict[str, str]) -> None:
    from azure.ai.ml.entities import Model

    for version, path in places.items():
        made = Model(name=MODEL, version=str(version), path=path, type="mlflow_model", tags=tags)
        ml_client.models.create_or_update(made)


def test_a_canary_a_rollback_and_a_second_rollback(stage: Stage) -> None:
    stage.home()
    done = stage.promote(2)
    assert done.failure is None
    assert stage.facts().live == {"model-2": 100}
    assert done.result.outcome is PromoteOutcome.PROMOTED
    text = promote_view.report(done.result).to_markdown()
    assert "goes from 0 % to 10 %" in text
    assert "ROUGE-L" in text
    assert "Hi there" in text, "the ground truth stands beside the prediction"
    assert "| model | promoted:1 | promoted:2 |" in text
    again = stage.promote(2)
    assert again.result.outcome is PromoteOutcome.UNCHANGED
    assert "nothing to do: promoted:2 (model-2) has all traffic" in promote_view.report(again.result).title
    back = stage.rollback()
    assert (
        "returns from promoted:2 (model-2) to promoted:1 (model-1)" in rollback_view.report(back.result).to_markdown()
    )
    assert back.result.changed
    assert back.result.model is not None
    assert back.result.model.data == "promotion:1"
    assert stage.facts().live == {"model-1": 100}
    twice = stage.rollback().result
    assert not twice.changed
    assert "since the rollback" in twice.why
    assert stage.facts().live == {"model-1": 100}
    assert lease.read(stage.facts().tags) is None


def test_a_candidate_that_errors_at_its_first_share_is_rolled_back_by_what_azure_monitor_counted(stage: Stage) -> None:
    stage.home()
    stage.control("PUT", "/settings/monitor.lag_seconds", {"value": "0"})
    noisy: list[Client] = []

    def on_say(line: str) -> None:
        if "goes from 0 % to 10 %" in line:
            noisy.append(stage.client(BAD_QUESTION, "model-3").__enter__())
        if noisy and "canary:" in line:
            threading.Thread(target=later, args=(len(noisy[0].seen) + 5,)).start()

    def later(answers: int) -> None:
        """When it was asked often enough, that minute is over."""
        while len(noisy[0].seen) < answers and not noisy[0].stopped.is_set():
            time.sleep(0.02)
        stage.control("POST", "/clock", {"advance_seconds": 120})

    stage.on_say = on_say
    limits = {"metrics_wait_seconds": 60, "minimum_requests": 3, "p95_ratio_to_old": None}
    try:
        done = stage.promote(3, limits=limits)
    finally:
        stage.on_say = lambda _: None
        for client in noisy:
            client.__exit__()
        stage.control("PUT", "/settings/monitor.lag_seconds", {"value": ""})
    assert isinstance(done.failure, RemoteFailed)
    assert "Azure Monitor: " in str(done.failure)
    assert "(424: " in str(done.failure)
    assert stage.facts().live == {"model-1": 100}
    assert stage.facts().find("model-3") is None


def test_a_slow_candidate_is_rolled_back(stage: Stage) -> None:
    stage.home()
    done = stage.promote(3, limits={"p95_ms": 0.1})
    assert isinstance(done.failure, RemoteFailed)
    assert "p95 latency is" in str(done.failure)
    assert "traffic is where it was" in str(done.failure)
    assert stage.facts().live == {"model-1": 100}


def test_a_container_that_never_becomes_ready_is_explained_and_removed(stage: Stage) -> None:
    stage.home()
    done = stage.promote(4)
    assert isinstance(done.failure, RemoteFailed)
    assert "that means: " in str(done.failure)
    assert done.result.log
    assert "last lines" in promote_view.report(done.result).to_markdown()
    assert stage.facts().find("model-4") is None
    assert stage.facts().live == {"model-1": 100}


def test_everything_that_would_be_refused_is_found_before_anything_is_made(stage: Stage) -> None:
    stage.home()
    stage.control("PUT", f"/quota/{FAMILY}", {"limit": 24})
    try:
        with pytest.raises(AzureRefused) as refused:
            stage.promote(5)
        with pytest.raises(BadInput) as sized:
            stage.promote(5, instance_type="Standard_D4_v2")
        with pytest.raises(BadInput) as named:
            stage.promote(5, endpoint="much-too-long-a-name-for-an-endpoint")
    finally:
        stage.control("PUT", f"/quota/{FAMILY}", {"limit": 480})
    assert "has no verdict" in str(refused.value)
    assert "1 x Standard_NC24ads_A100_v4 need 24 vCPUs" in str(refused.value)
    assert "not on the base model's list for inference" in str(sized.value)
    assert "0 of 1 GPUs" in str(sized.value)
    assert "'much-too-long-a-name-for-an-endpoint' is no name that Azure takes (36 char" in str(named.value)
    assert "has no verdict" in str(named.value)
    assert stage.facts().find("model-5") is None


def test_an_endpoint_that_somebody_else_updates_is_waited_for(stage: Stage) -> None:
    stage.home()
    stage.control("PUT", "/delay/onlineEndpoints", {"delay": "30 s"})
    url = arm(f"onlineEndpoints/{ENDPOINT}")
    own_workspace().send("PATCH", url, "somebody", json={"tags": {"somebody": "was here"}})
    stage.control("PUT", "/delay/onlineEndpoints", {"delay": "at once"})
    stage.said.clear()
    stage.on_say = lambda _: stage.control("POST", "/clock", {"advance_seconds": 31})
    try:
        done = stage.promote(1)
    finally:
        stage.on_say = lambda _: None
    assert done.failure is None
    assert f"production: wait: endpoint {ENDPOINT} is Updating" in stage.said


def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.home()
    killed_at = ("smoke test:", "to 10 %", "canary:", "to 100 %", "delete:")
    monkeypatch.setattr(EndpointLease, "release", lambda held: held.abandon())  # a killed process gives nothing back
    deaths = list(killed_at)

    def on_say(line: str) -> None:
        if deaths and deaths[0] in line:
            deaths.pop(0)
            raise KeyboardInterrupt
        if "(promote) changes" in line:
            stage.control("POST", "/clock", {"advance_seconds": 61})

    alone = "none of it has model-3"
    left_as = (alone, alone, "model-3 10 % has the traffic; nobody judges", "nobody judges", "model-3 100 %")
    stage.on_say = on_say
    try:
        for left in range(len(killed_at), 0, -1):
            with pytest.raises(KeyboardInterrupt, match="production is left as it is") as told:
                stage.promote(3, retention_hours=0)
            assert left_as[-left] in str(told.value)
            assert "`mlops promote production --model promoted:3` finishes it" in str(told.value)
            assert len(deaths) == left - 1
            assert sum(stage.facts().live.values()) == 100
        monkeypatch.undo()
        done = stage.promote(3, retention_hours=0)
    finally:
        stage.on_say = lambda _: None
    assert done.failure is None
    assert stage.facts().live == {"model-3": 100}
    assert [one.name for one in stage.facts().deployments] == ["model-3"], "without retention nothing stands by"


def test_two_runs_do_not_act_at_once_and_a_rollback_stops_a_promotion(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.home()
    monkeypatch.setattr(reconcile, "WAIT_SECONDS", 0.0)
    second: list[BaseException] = []

    def on_say(line: str) -> None:
        if "goes from 0 % to 10 %" in line and not second:
            with pytest.raises(Unfinished) as waits:
                stage.promote(3, run=2)
            second.append(waits.value)
        if "canary:" in line:
            stage.rollback("it answers worse")

    stage.on_say = on_say
    try:
        with pytest.raises(BadInput, match=r"promoted:2 is held in production since .*, because: it answers worse"):
            stage.promote(2)
    finally:
        stage.on_say = lambda _: None
    assert "actions/runs/1 (promote) changes promotion-journey" in str(second[0])
    assert stage.facts().live == {"model-1": 100}


def test_a_lease_that_was_lost_stays_with_whoever_has_it(stage: Stage) -> None:
    stage.home()
    this, other, third = (
        EndpointLease(own_workspace(), ENDPOINT, who, "promote") for who in ("this", "other", "third")
    )
    assert this.take() is None
    assert str(other.take()) == "this (promote)"
    assert other.take(over=True) is None
    with pytest.raises(lease.Stopped, match="took promotion-journey over"):
        this.check()
    this.release()
    assert str(third.take()) == "other (promote)"
    other.release()
    assert third.take() is None
    third.release()


def test_a_lease_of_a_process_that_died_is_anothers_within_a_minute(stage: Stage) -> None:
    stage.home()
    dead, other = (EndpointLease(own_workspace(), ENDPOINT, who, "promote") for who in ("dead", "other"))
    assert dead.take() is None
    dead.abandon()
    assert str(other.take()) == "dead (promote)"
    stage.control("POST", "/clock", {"advance_seconds": 61})
    assert other.take() is None
    dead.release()
    other.check()
    other.release()


def test_the_note_of_a_lease_keeps_nobody_from_acting(stage: Stage) -> None:
    stage.home()
    stage.tag_lease("Ada is at it")
    stage.promote(2)
    assert (stage.facts().live, lease.read(stage.facts().tags)) == ({"model-2": 100}, None)


def test_a_rollback_needs_no_storage(stage: Stage) -> None:
    stage.home()
    stage.promote(2)
    stage.control("POST", "/faults", {"rule": "lease_calls.on_blob: 403 always"})
    try:
        done = stage.rollback("the storage is away as well")
        with pytest.raises(Denied, match="Storage Blob Data Contributor"):
            stage.promote(3)
    finally:
        stage.control("DELETE", "/faults", {})
    assert done.failure is None
    assert stage.facts().live == {"model-1": 100}
    assert any("rolls back without the lease" in line for line in stage.said)


def test_no_verb_touches_the_endpoint_of_another_environment_or_project(stage: Stage) -> None:
    stage.home()
    own = {"mlops-environment": "production", "mlops-owner": MODEL}
    try:
        for tags, said in (
            ({"mlops-environment": "elsewhere"}, "is the one of elsewhere, not of production"),
            ({"mlops-owner": "somebody"}, "is not ours"),
        ):
            endpoints.patch_tags(own_workspace(), ENDPOINT, {**own, **tags})
            before = stage.facts()
            verbs: tuple[Callable[[], object], ...] = (
                lambda: stage.promote(2),
                stage.rollback,
                lambda: ask.run(stage.context(), "production", index=0),
                lambda: own_endpoints(stage.context()),
            )
            for verb in verbs:
                with pytest.raises(BadInput, match=said) as refused:
                    verb()
                assert refused.value.problems[0].key == "environments.production.endpoint"
            assert stage.facts() == before
    finally:
        endpoints.patch_tags(own_workspace(), ENDPOINT, own)


def test_live_models_answer_held_out_questions_own_ones_and_whole_conversations(stage: Stage) -> None:
    stage.home()
    context = stage.context()
    found = ask.run(context, None).result
    assert (found.held_out, found.silent) == (True, ("elsewhere",))
    (one,) = found.asked
    (answer,) = one.answers
    assert (answer.environment, answer.deployment, answer.model) == ("production", "model-1", f"{MODEL}:1")
    assert answer.text
    assert answer.seconds > 0
    assert 0 <= answer.scores["rougeL"] <= 1
    known = Question(({"role": "user", "content": "What is LoRA?"},), "A low-rank adapter.")
    own = ask.run(context, "production", own=(own_question("Why?", "Be brief."), known)).result
    assert [len(asked.messages) for asked in own.asked] == [2, 1]
    assert [sorted(asked.answers[0].scores) != [] for asked in own.asked] == [False, True]
    with pytest.raises(BadInput, match="elsewhere has no model with traffic"):
        ask.run(context, "elsewhere", own=(known,))


def test_a_second_repository_is_refused_until_it_takes_over(stage: Stage) -> None:
    stage.home()
    stage.repository = "team/chat"
    try:
        stage.promote(2)
        assert stage.facts().tags["mlops-repository"] == "team/chat"
        stage.repository = "copy/chat"
        with pytest.raises(BadInput, match="is deployed to by team/chat, not by copy/chat"):
            stage.promote(3)
        context = stage.context()
        with pytest.raises(BadInput, match="is deployed to by team/chat, not by copy/chat"):
            check_project(own_workspace(), own_endpoints(context), MODEL, "copy/chat", "params.yaml")
        stage.repository = ""
        stage.promote(2, consent=Consent(take_over=True))  # from a laptop, with nothing to promote
        assert "mlops-repository" not in stage.facts().tags
        stage.repository = "team/chat"
        stage.promote(2, consent=Consent(take_over=True))
        assert stage.facts().tags["mlops-repository"] == "team/chat"
        stage.repository = "copy/chat"
        stage.promote(3, consent=Consent(take_over=True))
        assert stage.facts().tags["mlops-repository"] == "copy/chat"
    finally:
        stage.repository = ""
        endpoints.patch_tags(own_workspace(), ENDPOINT, {"mlops-repository": None})


def test_a_project_that_is_somebody_elses_is_known_before_anything_is_paid_for(stage: Stage) -> None:
    stage.home()
    workspace, name = own_workspace(), f"theirs-{uuid.uuid4().hex[:8]}"
    source = str(stage.ml_client.models.get(MODEL, version="1").path)
    served = own_endpoints(stage.context())
    check_project(workspace, {}, name, "team/chat", "params.yaml")  # nobody has that name
    models.register(workspace, name, "1", source, description="", tags={"mlops-owner": "somebody"})
    with pytest.raises(BadInput, match=f"the model {name} of the workspace was not made by this project") as taken:
        check_project(workspace, {}, name, "team/chat", "params.yaml")
    assert (taken.value.problems[0].key, taken.value.problems[0].why) == ("model.name", "its versions are of somebody")
    with pytest.raises(BadInput, match=f"{name}:1 is of the project somebody, not of {MODEL}"):
        promote.run(stage.context(), "production", model=f"{name}:1")
    models.set_tags(workspace, name, "1", {"mlops-owner": name})
    check_project(workspace, served, name, "", "params.yaml")


def test_production_in_another_subscription_gets_the_model_through_a_registry(
    stage: Stage, ml_client: "MLClient"
) -> None:
    from azure.ai.ml.entities import Registry, RegistryRegionDetails
    from azure.identity import DefaultAzureCredential

    stage.home()
    registry = f"team-{uuid.uuid4().hex[:8]}"
    regions = [RegistryRegionDetails(location="eastus")]
    ml_client.registries.begin_create(
        Registry(name=registry, location="eastus", replication_locations=regions)
    ).result()
    other = Workspace(Target("emulator", str(uuid.uuid4()), "production", "production", ""), DefaultAzureCredential())
    other.send("PUT", f"https://management.azure.com{other.id}?api-version=2024-10-01", "make", json=WORKSPACE)
    stage.promote(1, registry=registry)
    assert f"production: share: promoted:1 with the registry {registry}" in stage.said
    assert stage.promote(1, registry=registry).result.outcome is PromoteOutcome.UNCHANGED
    with pytest.raises(BadInput, match="there is no model promoted:2"):
        stage.promote(2, "elsewhere", registry=registry)
    stage.promote(2, registry=registry)
    rollback.run(stage.context(registry=registry), "production", reason="rude")
    stage.connect = lambda: other
    try:
        with pytest.raises(
            BadInput, match=r"promoted:2 may not go to elsewhere: .*rolled back there since .*, because: rude"
        ):
            stage.promote(2, "elsewhere", registry=registry)
        done = stage.promote(1, "elsewhere", registry=registry)
    finally:
        stage.connect = own_workspace
    assert promote_view.outputs(done.result)["traffic"] == "model-1 100 %"
    assert done.result.smoke_test is not None
    assert done.result.smoke_test.samples[0].ground_truth == "Hi there", (
        "the held-out conversation came through the registry as well"
    )
    stage.promote(2, registry=registry, consent=Consent("it was the prompt", release_hold=True))
    assert f"production: share: what promoted:2 passed with the registry {registry}" in stage.said
    stage.connect = lambda: other
    try:
        assert stage.promote(2, "elsewhere", registry=registry).result.outcome is PromoteOutcome.PROMOTED
    finally:
        stage.connect = own_workspace
    assert endpoints.observe(own_workspace(), "elsewhere-journey", MODEL).state == "Absent"
    assert endpoints.observe(other, "elsewhere-journey", MODEL).live == {"model-2": 100}
    ml_client.registries.begin_delete(name=registry).result()


def test_production_that_the_parameters_place_elsewhere_is_served_from_one_sign_in(
    stage: Stage, ml_client: "MLClient"
) -> None:
    """One workspace is signed in to, that of the training; the parameters name the other, and all verbs find it."""
    from azure.ai.ml.entities import Registry, RegistryRegionDetails
    from azure.identity import DefaultAzureCredential

    stage.home()
    registry, subscription = f"team-{uuid.uuid4().hex[:8]}", str(uuid.uuid4())
    regions = [RegistryRegionDetails(location="eastus")]
    made = Registry(name=registry, location="eastus", replication_locations=regions)
    ml_client.registries.begin_create(made).result()
    other = Workspace(Target("emulator", subscription, "live", "live", ""), DefaultAzureCredential())
    other.send("PUT", f"https://management.azure.com{other.id}?api-version=2024-10-01", "make", json=WORKSPACE)
    endpoint = f"live-{uuid.uuid4().hex[:8]}"
    place = {"endpoint": endpoint, "workspace": "live", "resource_group": "live", "subscription": subscription}
    settings: dict[str, Any] = {"registry": registry, "place": place}
    stage.promote(1, **settings)
    done = stage.promote(1, "elsewhere", **settings)
    assert promote_view.outputs(done.result)["traffic"] == "model-1 100 %"
    assert endpoints.observe(own_workspace(), endpoint, MODEL).state == "Absent"
    served = own_endpoints(stage.context(**settings))
    assert {name: facts.live_model for name, facts in served.items()} == dict.fromkeys(served, f"{MODEL}:1")
    assert aliases.read(own_workspace(), MODEL).of("elsewhere").champion == "1", "told where it was trained"
    assert ask.run(stage.context(**settings), "elsewhere").result.asked[0].answers[0].model == f"{MODEL}:1"
    looked = {one.name: one for one in doctor.run(stage.context(**settings)).result.checks}
    there = f"workspace live in eastus, {endpoint}.eastus.inference.ml.azure.com answers, registry {registry}"
    assert looked["endpoint of elsewhere"].finding == there
    fault = {"rule": "scoring.swagger: reset before always"}
    process.control(stage.address, "POST", "/faults", fault)
    try:
        blind = doctor.run(stage.context(**settings))
    finally:
        process.control(stage.address, "DELETE", "/faults")
    assert f"{endpoint} cannot be reached from here" in str(blind.failure)
    graph = lineage.run(stage.context(**settings), "elsewhere").result
    assert graph.models == (f"{MODEL}:1",)
    assert freeze.run(stage.context(**settings), "elsewhere", reason="the fair").result.changed
    assert thaw.run(stage.context(**settings), "elsewhere").result.changed
    stage.promote(2, **settings)
    stage.promote(2, "elsewhere", **settings)
    rollback.run(stage.context(**settings), "elsewhere", reason="worse there")
    assert endpoints.observe(other, endpoint, MODEL).live == {"model-1": 100}
    version = models.find(own_workspace(), MODEL, "2")
    assert version is not None
    assert version.tags["mlops-held-in-elsewhere"].endswith(" by ada: worse there")
    endpoints.patch_tags(other, endpoint, {"mlops-held-2": None})  # where it was trained, it is known still
    with pytest.raises(BadInput, match="promoted:2 is held in elsewhere since"):
        stage.promote(2, "elsewhere", **settings)
    models.set_tags(own_workspace(), MODEL, "2", {"mlops-held-in-elsewhere": None})
    ml_client.registries.begin_delete(name=registry).result()


@pytest.mark.parametrize("phase", ["deploy:", "smoke test:"])
def test_a_rollback_stops_a_promotion_that_has_no_traffic_yet(stage: Stage, phase: str) -> None:
    stage.home()
    told: list[RollbackResult] = []

    def on_say(line: str) -> None:
        if phase in line and not told:
            told.append(stage.rollback("not this one").result)

    before = stage.facts()
    stage.remove("model-3")
    stage.on_say = on_say
    try:
        with pytest.raises(BadInput, match=r"promoted:3 is held in production since .*, because: not this one"):
            stage.promote(3)
    finally:
        stage.on_say = lambda _: None
    assert "the promotion of promoted:3 is stopped, and promoted:3 is held" in told[0].why
    assert stage.facts().live == before.live == {"model-1": 100}
    assert stage.facts().promoting == ""


def test_traffic_that_a_person_moves_in_the_middle_stays(stage: Stage) -> None:
    stage.home()

    def on_say(line: str) -> None:
        if "canary:" in line:
            stage.by_hand({"model-1": 70, "model-2": 30})

    stage.on_say = on_say
    try:
        with pytest.raises(lease.Stopped, match="somebody else changed promotion-journey") as stopped:
            stage.promote(2)
    finally:
        stage.on_say = lambda _: None
    assert "set the traffic to model-1=90 model-2=10, and it is model-1=70 model-2=30" in str(stopped.value)
    assert stage.facts().live == {"model-1": 70, "model-2": 30}
    with pytest.raises(lease.Stopped):
        stage.promote(3)
    assert stage.facts().live == {"model-1": 70, "model-2": 30}
    stage.promote(2, consent=Consent(accept_drift=True))
    assert stage.facts().live == {"model-2": 100}


def test_a_deployment_of_somebody_else_is_not_deleted(stage: Stage) -> None:
    stage.home()
    own = stage.facts().find("model-1")
    spec = deployments.DeploymentSpec("theirs", own.asset, SIZE, 1, ServingSettings(90000, 1, 600, 10), {})
    endpoints.deploy(own_workspace(), stage.facts(), spec)
    try:
        stage.promote(2)
        assert stage.facts().find("theirs") is not None
    finally:
        stage.remove("theirs")


def test_a_rollback_is_remembered_until_a_person_releases_the_model(stage: Stage) -> None:
    stage.home()
    stage.promote(2)
    back = stage.rollback("it answers worse").result
    assert [(one.model, one.by, one.why) for one in back.held] == [(f"{MODEL}:2", "ada", "it answers worse")]
    assert "promoted:2 is held in production since" in rollback_view.report(back).to_markdown()
    version = models.find(own_workspace(), MODEL, "2")
    assert version is not None
    assert version.tags["mlops-held-in-production"].endswith(" by ada: it answers worse")
    endpoints.patch_tags(own_workspace(), ENDPOINT, {"mlops-held-2": None})  # the version alone knows it, too
    with pytest.raises(BadInput, match=r"promoted:2 is held in production since .* UTC, by ada, because: it answers"):
        stage.promote(2)
    for careless in (Consent(release_hold=True), Consent(" ", release_hold=True)):
        with pytest.raises(BadInput, match="by its name, with a reason"):
            stage.promote(2, consent=careless)
    stage.promote(3)  # a newer one is not held
    stage.promote(2, consent=Consent("a false alarm", allow_older=True, release_hold=True))
    assert stage.facts().live == {"model-2": 100}
    version = models.find(own_workspace(), MODEL, "2")
    assert version is not None
    assert "mlops-held-in-production" not in version.tags
    assert stage.facts().tags["mlops-promoted"].endswith(" by ada: a false alarm")


def test_a_frozen_environment_takes_nothing_but_a_rollback(stage: Stage) -> None:
    stage.home()
    stage.promote(2)
    refused: list[BaseException] = []

    def on_say(line: str) -> None:
        if "canary:" in line and not refused:
            with pytest.raises(Unfinished, match="is changing promotion-journey") as under_way:
                freeze.run(stage.context(run=3), "production", reason="the fair")
            refused.append(under_way.value)

    stage.on_say = on_say
    try:
        stage.promote(3)
    finally:
        stage.on_say = lambda _: None
    assert "mlops rollback production" in str(refused[0])
    with pytest.raises(BadInput, match="needs a reason"):
        freeze.run(stage.context(), "production", reason=" ")
    assert freeze.run(stage.context(), "production", reason="the fair").result.changed
    again = freeze.run(stage.context(), "production", reason="another").result
    assert (again.changed, again.by, again.why) == (False, "ada", "the fair")
    before = stage.facts()
    done = stage.promote(2, consent=Consent(allow_older=True, accept_drift=True, take_over=True))
    assert (done.failure, done.result.outcome) == (None, PromoteOutcome.FROZEN)
    assert "production is frozen since" in promote_view.report(done.result).title
    assert stage.facts() == before
    stage.rollback("in the middle of the fair")
    assert stage.facts().live == {"model-2": 100}
    assert thaw.run(stage.context(), "production").result.changed
    assert not thaw.run(stage.context(), "production").result.changed
    stage.promote(3, consent=Consent("after the fair", release_hold=True))
    assert stage.facts().live == {"model-3": 100}


def test_a_run_that_was_late_is_refused_by_its_commit_and_a_return_by_commit_goes_through(stage: Stage) -> None:
    """Version 2 has the higher number, and was made by the older commit."""
    stage.home()
    old, new, back = (_commit(stage.folder, message) for message in ("old", "new", "back"))
    for version, commit in (("1", new), ("2", old)):
        models.set_tags(own_workspace(), MODEL, version, {COMMIT_TAG: commit})
    try:
        with pytest.raises(BadInput) as refused:
            _outcome(stage.promote(2))
        assert "promoted:2 is older than promoted:1" in str(refused.value)
        assert "the commit that asks for it is before" in str(refused.value)
        assert stage.facts().live == {"model-1": 100}
        assert stage.promote(2, commit=back).failure is None
        assert stage.facts().live == {"model-2": 100}
    finally:
        for version in ("1", "2"):
            models.set_tags(own_workspace(), MODEL, version, {COMMIT_TAG: None})


def _outcome(found: Outcome[PromoteResult]) -> None:
    if found.failure:
        raise found.failure


def _commit(folder: Path, message: str) -> str:
    """An empty commit of the folder, in which a repository is made at first."""
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", f"--message={message}"], check=True)
    found = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def test_with_approval_by_command_nothing_changes_until_a_person_asks(stage: Stage) -> None:
    stage.home()
    alone = stage.promote(2, approval="command", consent=Consent(by_hand=False))
    assert (alone.failure, alone.result.outcome) == (None, PromoteOutcome.WAITS)
    assert "start the workflow promote" in alone.result.why
    assert stage.facts().live == {"model-1": 100}


def test_what_a_run_left_that_died_at_its_end_is_taken_off_by_the_next(stage: Stage) -> None:
    stage.home()
    stage.tag_lease("https://example.test/actions/runs/0 until 2999-01-01T00:00:00+00:00")
    endpoints.patch_tags(own_workspace(), ENDPOINT, {"mlops-promoting": f"{MODEL}:1 model-1"})
    stage.promote(1)
    assert lease.read(stage.facts().tags) is None
    assert not stage.facts().promoting
