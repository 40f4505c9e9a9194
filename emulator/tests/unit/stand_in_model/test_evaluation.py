"""The evaluation components at work: what they compute, the files they leave, and the data they refuse."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.stand_in_model import artifact, mlflow_model, model_folder, worker
from azureml_emulator.stand_in_model.evaluation import NODES
from azureml_emulator.stand_in_model.serve import ChatModel

PIPELINE = ("validation_trigger_model_evaluation", "model_prediction", "compute_metrics")
CHAT = {"task": "chat-completion", "input_column_names": "messages", "label_column_name": "answer"}
Event = dict[str, Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model as an MLflow model."""
    folder = tmp_path_factory.mktemp("model")
    base = artifact.load_base()
    artifact.save(folder / model_folder.MODEL_DATA, base.config, base.weights, base.tokenizer, details={}, half=True)
    mlflow_model.write(folder, base_model_name="Phi-3-mini-4k-instruct", base_model_asset_id="")
    return folder


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"messages": [{"role": "user", "content": f"Where is door {n}?"}], "answer": f"Door {n} is on the left."}
        for n in range(count)
    ]


def run(
    folder: Path, data: list[dict[str, Any]] | str, model: Path, *nodes: str, **inputs: str
) -> tuple[bool, list[Event]]:
    text = data if isinstance(data, str) else "".join(f"{json.dumps(row)}\n" for row in data)
    (folder / "test.jsonl").write_text(text, encoding="utf-8")
    request = {
        "inputs": {**CHAT, **inputs},
        "files": {"test_data": str(folder / "test.jsonl"), "mlflow_model": str(model)},
        "nodes": list(nodes or PIPELINE),
    }
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    events: list[Event] = []
    return worker.run(folder, events.append), events


def metrics(events: list[Event]) -> dict[str, float]:
    return {event["name"]: event["value"] for event in events if event["event"] == "metric"}


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_metrics_are_those_of_what_the_model_really_says(tmp_path: Path, model: Path) -> None:
    settings = json.dumps({"tokenizer_config": {"max_new_tokens": 12}})
    done, events = run(tmp_path, rows(3), model, evaluation_config_params=settings, batch_size="2")
    assert done, events[-3:]
    found, out = metrics(events), tmp_path / "outputs"
    assert set(found) == {
        "bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge1", "rouge2", "rougeL", "rougeLsum", "mean_perplexity",
    }  # fmt: skip
    chat = ChatModel.load(model)
    first = rows(1)[0]
    (said, *_), (truth, *_) = read(out / "model_prediction/predictions"), read(out / "model_prediction/ground_truth")
    assert said["predictions"] == chat.reply(first["messages"], {"max_new_tokens": 12})
    assert said["prediction_appended"][0]["messages"][-1] == {"role": "assistant", "content": said["predictions"]}
    assert truth == {"answer": "Door 0 is on the left."}
    times = read(out / "model_prediction/performance_metadata")
    assert [row["batch_size"] for row in times] == [2, 2, 1]
    assert times[0] == times[1]
    assert times[0]["time_taken_ms"] > 0
    result = out / "compute_metrics/evaluation_result/evaluationResult"
    assert json.loads((result / "metrics.json").read_text()) == found
    perplexity = json.loads((result / "artifacts/perplexity").read_text())
    assert sum(perplexity) / 3 == pytest.approx(found["mean_perplexity"])
    assert list(json.loads((result / "artifacts_metadata.json").read_text())) == ["perplexity"]


def test_without_a_label_column_there_is_no_true_answer_to_compare_with(tmp_path: Path, model: Path) -> None:
    conversation = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello."}]
    done, events = run(tmp_path, [{"messages": conversation}], model, label_column_name="")
    assert (done, metrics(events)) == (True, {})
    (said,) = read(tmp_path / "outputs/model_prediction/predictions")
    assert len(said["prediction_appended"][0]["messages"]) == 2  # the assistant's last turn was held back


def test_compute_metrics_alone_takes_predictions_from_files(tmp_path: Path) -> None:
    for name, column, text in (("p", "said", "a b c d"), ("g", "wanted", "a b c d")):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({column: text, "other": 1}) + "\n")
    request = {
        "inputs": {"task": "chat-completion", "prediction_column_name": "said", "ground_truth_column_name": "wanted"},
        "files": {"prediction": str(tmp_path / "p.jsonl"), "ground_truth": str(tmp_path / "g.jsonl")},
        "nodes": ["compute_metrics"],
    }
    (tmp_path / "request.json").write_text(json.dumps(request))
    events: list[Event] = []
    assert worker.run(tmp_path, events.append)
    assert metrics(events)["rougeL"] == metrics(events)["bleu_4"] == 1.0


@pytest.mark.parametrize(
    ("data", "inputs", "code", "said"),
    [
        ([], {}, "DataValidationException", "Input data contains no data."),
        ("{broken\n", {}, "DataLoaderException", "Failed to load data with error"),
        (rows(1), {"input_column_names": "text"}, "DataValidationException", "[input_columns] not a subset"),
        (rows(1), {"label_column_name": "truth"}, "DataValidationException", "[label_column] not a subset"),
        ([{"messages": []}], {"label_column_name": "messages", "input_column_names": ""}, "DataValidationException",
         "No input columns found"),
        ([{"messages": [], "answer": ""}], {}, "DataValidationException", "Input data contains no data."),
        ([{"messages": "hi", "answer": "x"}], {}, "PredictException", "Model Prediction failed due to"),
        (rows(1), {"evaluation_config_params": "{"}, "DataLoaderException", "Evaluation Config Params failed to load"),
        (rows(1), {"evaluation_config_params": '{"generator_config": {"max_new_tokens": 4}}'}, "PredictException",
         "Only Pandas dataframe supported currently."),
        (rows(1), {"evaluation_config_params": '{"tokenizer_config": {"max_tokens": 4}}'}, "PredictException",
         "not used by the model: ['max_tokens']"),
        (rows(1), {"task": "fill-mask"}, "NotEmulated", "chat-completion and not for fill-mask"),
    ],
)  # fmt: skip
def test_what_is_wrong_ends_the_run_and_is_named(
    tmp_path: Path, model: Path, data: Any, inputs: dict[str, str], code: str, said: str
) -> None:
    done, events = run(tmp_path, data, model, **inputs)
    assert not done
    assert events[-1]["event"] == "failed"
    assert events[-1]["code"] == code
    assert said in events[-1]["message"]


def test_a_folder_that_is_no_mlflow_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {}\n")
    _, events = run(tmp_path, rows(1), tmp_path / "model")
    assert (events[-1]["code"], "Model load failed" in events[-1]["message"]) == ("ModelValidationException", True)
    _, events = run(tmp_path, rows(1), tmp_path / "outputs")
    assert "not a valid MLFlow model" in events[-1]["message"]


def test_predictions_and_truths_of_different_length_fail(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"predictions": "a"}\n{"predictions": "b"}\n')
    (tmp_path / "g.jsonl").write_text('{"ground_truth": "a"}\n')
    files = {"prediction": str(tmp_path / "p.jsonl"), "ground_truth": str(tmp_path / "g.jsonl")}
    request = {"inputs": {"task": "chat-completion"}, "files": files, "nodes": ["compute_metrics"]}
    (tmp_path / "request.json").write_text(json.dumps(request))
    events: list[Event] = []
    assert not worker.run(tmp_path, events.append)
    assert events[-1]["code"] == "ComputeMetricsException"


def test_every_component_that_is_run_alone_has_its_worker() -> None:
    from azureml_emulator.services.jobs.execution import request

    assert set(request.COMMANDS) <= set(NODES)


def test_metrics_without_the_extra_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)  # as where it is not installed
    for name, column in (("p", "said"), ("g", "wanted")):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({column: "a b"}) + "\n")
    request = {
        "inputs": {"task": "chat-completion", "prediction_column_name": "said", "ground_truth_column_name": "wanted"},
        "files": {"prediction": str(tmp_path / "p.jsonl"), "ground_truth": str(tmp_path / "g.jsonl")},
        "nodes": ["compute_metrics"],
    }
    (tmp_path / "request.json").write_text(json.dumps(request))
    events: list[Event] = []
    assert not worker.run(tmp_path, events.append)
    assert "install the extra `evaluation` of the emulator" in json.dumps(events)
