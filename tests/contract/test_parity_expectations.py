"""Our requests, and the emulator, are held to what Microsoft's own code answered (tests/parity/expectations).

No torch here: `make parity-stack` asks that code anew (docs/parity.md).
"""

import json
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from azureml_emulator.stand_in_model import artifact, mlflow_model, model_folder, predictor, worker
from emulator_support.serving import ask, delete_endpoint, deploy, make_endpoint, register_model, set_traffic
from mlops.domain.evaluation import scoring as evaluation_settings
from mlops.domain.promote.chat_protocol import Stack, read_answer, stack_of
from tests.parity import evaluation, scoring
from tests.parity.expectation import Case, recorded

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

RECORDED = recorded()
TRAINS = [found for found in RECORDED if found.cases["training"][-1].name != "preprocess"]
ENDPOINT = "parity"
Event = dict[str, Any]


def said(subject: str) -> dict[str, list[Case]]:
    """Each question of a subject, with what every stack answered."""
    names = [case.name for case in RECORDED[0].cases[subject]]
    return {name: [case for found in RECORDED for case in found.cases[subject] if case.name == name] for name in names}


@pytest.fixture(scope="module")
def served(ml_client: "MLClient", tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An endpoint with a fine-tuned model, which the MLflow image serves."""
    model = register_model(ml_client, tmp_path_factory.mktemp("model"), "parity")
    make_endpoint(ml_client, ENDPOINT)
    deploy(ml_client, ENDPOINT, "tuned", model=model)
    set_traffic(ml_client, ENDPOINT, tuned=100)
    yield ENDPOINT
    delete_endpoint(ml_client, ENDPOINT)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model as an MLflow model."""
    folder = tmp_path_factory.mktemp("model")
    base = artifact.load_base()
    artifact.save(folder / model_folder.MODEL_DATA, base.config, base.weights, base.tokenizer, details={}, half=True)
    mlflow_model.write(folder, base_model_name="Phi-3-mini-4k-instruct", base_model_asset_id="")
    return folder


def test_every_component_version_was_asked_the_same() -> None:
    for found in RECORDED:
        assert {case.name: case.request for case in found.cases["scoring"]} == scoring.requests()
        assert {case.name: case.request for case in found.cases["prediction"]} == evaluation.SETTINGS


@pytest.mark.parametrize("name", [name for name in scoring.PARAMETERS if name.startswith("our")])
def test_what_we_ask_an_endpoint_is_accepted_by_every_stack(name: str) -> None:
    assert all(case.accepted for case in said("scoring")[name])


def test_our_evaluation_settings_are_accepted_by_every_stack() -> None:
    ours = json.loads(evaluation_settings.settings(4)["evaluation_config_params"])
    for case in [*said("prediction")["our settings"], *said("metrics")["our settings"]]:
        assert case.accepted
        assert case.request == ours


@pytest.mark.parametrize(("name", "cases"), said("scoring").items())
def test_the_emulator_answers_a_request_as_the_real_predictor_does(
    api: Callable[..., urllib3.BaseHTTPResponse], ml_client: "MLClient", served: str, name: str, cases: list[Case]
) -> None:
    answer = ask(api, ml_client, served, cases[0].request)
    text = answer.data.decode()
    if answer.status == 200:
        assert shape(json.loads(text)) in [case.answer for case in cases if case.accepted]
        assert read_answer(text)
        assert stack_of(text) is Stack.MLFLOW
    else:
        assert answer.status == 424
        assert any(case.text and case.text in json.loads(text)["message"] for case in cases if not case.accepted)


def test_the_names_that_the_emulator_takes_are_those_that_every_stack_takes() -> None:
    taken = reduce(set.intersection, (set(found.facts["generation_parameters"]) for found in RECORDED))
    assert set(predictor.KNOWN) - {"max_gen_len"} == taken


@pytest.mark.parametrize(("name", "cases"), said("prediction").items())
def test_the_emulator_predicts_with_the_settings_that_the_real_step_predicts_with(
    tmp_path: Path, model: Path, name: str, cases: list[Case]
) -> None:
    rows = [{"messages": [{"role": "user", "content": "Where is door 1?"}], "answer": "On the left."}]
    inputs = {"task": "chat-completion", "input_column_names": "messages", "label_column_name": "answer"}
    settings = json.dumps(cases[0].request)
    nodes = ["model_prediction", "compute_metrics"]
    done, events = run(tmp_path, rows, nodes, {**inputs, "evaluation_config_params": settings}, model)
    assert done is cases[0].accepted
    if done:
        named = {event["name"] for event in events if event["event"] == "metric"}
        assert named == {*said("metrics")["no settings"][0].answer, "mean_perplexity"}
    else:
        assert (events[-1]["node"], events[-1]["code"]) == ("model_prediction", "PredictException")
        assert cases[0].text in events[-1]["message"]


@pytest.mark.parametrize("case", TRAINS[0].cases["data"], ids=lambda case: case.name)
def test_the_emulator_preprocesses_what_the_real_step_does(tmp_path: Path, case: Case) -> None:
    row = {name: value for name, value in case.request.items() if name != "rows"}
    nodes = ["ft_nlp_common_validation", "chat_completion_model_import", "chat_completion_datapreprocess"]
    done, events = run(tmp_path, [row] * case.request["rows"], nodes, {})
    assert done is case.accepted, events[-1]


def run(
    folder: Path, rows: list[dict[str, Any]], nodes: list[str], inputs: dict[str, str], model: Path | None = None
) -> tuple[bool, list[Event]]:
    """Steps of the emulator's worker on a file of rows."""
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    names = ("train_file_path", "validation_file_path", "test_file_path", "test_data")
    request = {
        "inputs": inputs,
        "files": {**dict.fromkeys(names, str(path)), **({"mlflow_model": str(model)} if model else {})},
        "base_model": {"name": "Phi-3-mini-4k-instruct", "version": "15", "asset_id": "azureml://x"},
        "nodes": nodes,
        "output": str(folder / "outputs"),
    }
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    events: list[Event] = []
    return worker.run(folder, events.append), events


def shape(value: Any) -> Any:
    """As the expectations write it."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else "str"
