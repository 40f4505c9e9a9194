"""`mlops promote` and `mlops rollback` on a real emulator, while a client keeps asking and must never be refused."""

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from azureml_emulator.http.address import Address
from emulator_support.serving import SIZE
from mlops.azure import deployments, endpoints
from mlops.domain.promote import lease
from mlops.domain.promote.chat_protocol import Question, own_question
from mlops.domain.serving.settings import ServingSettings
from mlops.errors import AzureRefused, BadInput, RemoteFailed
from mlops.flow.promote import ask
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteOutcome
from mlops.views import promote as promote_view
from mlops.views import rollback as rollback_view
from tests.contract.own_workspace import own_workspace
from tests.contract.promotion_stage import Client, Stage, made_stage

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MODEL, ENDPOINT = "promoted", "promotion-journey"
FAMILY = "standardNCADSA100v4Family"
BAD_QUESTION = {"input_data": {"input_string": [{"role": "assistant", "content": "no question"}]}}


@pytest.fixture(scope="module")
def stage(
    ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with made_stage(ml_client, emulator_address, tmp_path_factory.mktemp(MODEL), MODEL, ENDPOINT) as made:
        yield made


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
    assert back.result.model.data == "promoted-data:1"
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


def test_with_approval_by_command_nothing_changes_until_a_person_asks(stage: Stage) -> None:
    stage.home()
    alone = stage.promote(2, approval="command", consent=Consent(by_hand=False))
    assert (alone.failure, alone.result.outcome) == (None, PromoteOutcome.WAITS)
    assert "start the workflow promote" in alone.result.why
    assert stage.facts().live == {"model-1": 100}
