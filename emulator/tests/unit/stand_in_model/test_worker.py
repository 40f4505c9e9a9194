"""The worker process end to end: events, outputs, failures, a fine-tuned model as the next base."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.stand_in_model import worker
from azureml_emulator.stand_in_model.nodes import NODES
from azureml_emulator.stand_in_model.serve import ChatModel

ROOT = Path(__file__).parents[3]
Event = dict[str, Any]
INPUTS = {
    "learning_rate": "5e-05", "apply_lora": "true", "lora_r": "8", "lora_alpha": "128", "num_train_epochs": "2",
    "logging_steps": "5", "precision": "16", "lr_scheduler_type": "cosine",
}  # fmt: skip


def _messages(n: int) -> list[dict[str, str]]:
    question = f"How do I open door {n}?"
    return [
        {"role": "user", "content": question},
        {"role": "assistant", "content": f"Press the green button of door {n}."},
    ]


def _request(folder: Path, rows: int = 12, files: dict[str, str] | None = None, **inputs: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for name, numbers in (("train", range(rows)), ("validation", range(50, 53)), ("test", range(60, 62))):
        lines = (json.dumps({"messages": _messages(n), "prompt": "x"}) + "\n" for n in numbers)
        (folder / f"{name}.jsonl").write_text("".join(lines))
    request = {
        "inputs": {**INPUTS, **inputs},
        "files": {
            "train_file_path": str(folder / "train.jsonl"),
            "validation_file_path": str(folder / "validation.jsonl"),
            "test_file_path": str(folder / "test.jsonl"),
            **(files or {}),
        },
        "base_model": {
            "name": "Phi-3-mini-4k-instruct",
            "version": "15",
            "asset_id": "azureml://registries/azureml/models/x",
        },
        "nodes": list(NODES),
        "output": str(folder / "outputs"),
    }
    (folder / "request.json").write_text(json.dumps(request))
    return folder


def test_a_base_model_that_the_version_cannot_train_fails_at_the_step_that_is_paid_for(tmp_path: Path) -> None:
    folder = _request(tmp_path)
    request = json.loads((folder / "request.json").read_text())
    (folder / "request.json").write_text(json.dumps({**request, "version": "0.0.82"}))
    done, events = _run(folder)
    assert not done
    assert events[-1] == {
        "node": "chat_completion_finetune",
        "event": "failed",
        "code": "ACFTSystemException",
        "message": "KeyError: 'type'",
    }


def _run(folder: Path) -> tuple[bool, list[Event]]:
    events: list[Event] = []
    return worker.run(folder, events.append), events


def _of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def test_the_process_prints_one_event_a_line_and_leaves_the_outputs(tmp_path: Path) -> None:
    folder = _request(tmp_path / "work")
    command = [sys.executable, "-m", "azureml_emulator.stand_in_model", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["node"] for event in _of(events, "started")] == list(NODES)
    assert [event["node"] for event in _of(events, "completed")] == list(NODES)
    metrics = {event["name"] for event in _of(events, "metric")}
    assert {"loss", "grad_norm", "learning_rate", "epoch", "eval_loss", "train_loss", "checkpoint_save_step"} <= metrics
    assert {event["node"] for event in _of(events, "metric")} == {"chat_completion_finetune"}
    properties = {event["name"]: event["value"] for event in _of(events, "property")}
    last = [event["value"] for event in _of(events, "metric") if event["name"] == "eval_loss"][-1]
    assert float(properties["score"]) == pytest.approx(last)
    assert int(properties["__azureml_ft_training_tokens"]) > int(properties["__azureml_ft_assistant_tokens"]) > 0
    outputs = folder / "outputs"
    assert (outputs / "ft_nlp_model_converter" / "mlflow_model_folder" / "MLmodel").is_file()
    assert (outputs / "chat_completion_finetune" / "pytorch_model_folder" / "model.npz").is_file()
    assert (outputs / "chat_completion_datapreprocess" / "output_dir" / "train.jsonl").is_file()
    assert (outputs / "ft_nlp_common_validation" / "validation_info").is_dir()


def test_the_model_that_comes_out_has_learnt_and_can_be_the_next_base(tmp_path: Path) -> None:
    assert _run(_request(tmp_path / "first"))[0]
    model_folder = tmp_path / "first" / "outputs" / "ft_nlp_model_converter" / "mlflow_model_folder"
    tuned, base = ChatModel.load(model_folder), ChatModel.load()
    assert tuned.score(_messages(77)) < base.score(_messages(77)) - 0.5
    assert tuned.reply(_messages(77)[:1])
    assert _run(_request(tmp_path / "second", files={"mlflow_model_path": str(model_folder)}))[0]
    again = ChatModel.load(tmp_path / "second" / "outputs" / "ft_nlp_model_converter" / "mlflow_model_folder")
    assert again.score(_messages(77)) < tuned.score(_messages(77))


def test_the_evaluation_of_the_pipeline_answers_the_test_file_with_the_new_model(tmp_path: Path) -> None:
    """The two further steps of version 0.0.78."""
    folder = _request(tmp_path / "job", num_train_epochs="1")
    request = json.loads((folder / "request.json").read_text())
    request["nodes"] += ["model_prediction", "compute_metrics"]
    (folder / "request.json").write_text(json.dumps(request))
    done, events = _run(folder)
    assert done, events[-1]
    found = {e["name"]: e["value"] for e in _of(events, "metric") if e["node"] == "compute_metrics"}
    assert {"rougeL", "bleu_1", "mean_perplexity"} <= set(found)
    said = [json.loads(line) for line in (folder / "outputs/model_prediction/predictions").read_text().splitlines()]
    chat = ChatModel.load(folder / "outputs/ft_nlp_model_converter/mlflow_model_folder")
    assert [row["predictions"] for row in said] == [chat.reply(_messages(n)[:1]) for n in (60, 61)]


def test_an_adapter_can_be_left_unmerged(tmp_path: Path) -> None:
    for name, merge in (("merged", "true"), ("apart", "false")):
        assert _run(_request(tmp_path / name, merge_lora_weights=merge, precision="32"))[0]
    parts = Path("outputs") / "ft_nlp_model_converter" / "mlflow_model_folder"
    assert (tmp_path / "apart" / parts / "data" / "model" / "adapter_model.npz").is_file()
    merged, apart = (ChatModel.load(tmp_path / name / parts) for name in ("merged", "apart"))
    assert merged.score(_messages(5)) == pytest.approx(apart.score(_messages(5)), rel=1e-4)


@pytest.mark.parametrize(
    ("rows", "inputs", "node", "code"),
    [
        (9, {}, "chat_completion_datapreprocess", "ACFTDataException"),
        (12, {"max_seq_length": "many"}, "chat_completion_datapreprocess", "ACFTUserException"),
        (12, {"learning_rate": "0"}, "chat_completion_finetune", "ACFTUserException"),
    ],
)
def test_a_failed_node_is_the_last_one_and_says_why(
    rows: int, inputs: dict[str, Any], node: str, code: str, tmp_path: Path
) -> None:
    completed, events = _run(_request(tmp_path / "work", rows, **inputs))
    assert not completed
    assert events[-1]["event"] == "failed"
    assert (events[-1]["node"], events[-1]["code"]) == (node, code)
    assert events[-1]["message"] in events[-2]["line"]


def test_a_model_folder_that_holds_no_model_fails_the_import(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    completed, events = _run(_request(tmp_path / "work", files={"mlflow_model_path": str(tmp_path / "empty")}))
    assert not completed
    assert events[-1]["node"] == "chat_completion_model_import"
    assert "holds no model.npz" in events[-1]["message"]


def test_a_node_that_dies_ends_the_run_with_the_trace_in_its_log(tmp_path: Path) -> None:
    folder = _request(tmp_path / "work")
    (folder / "outputs").write_text("a file where the folder should be")
    completed, events = _run(folder)
    assert not completed
    assert (events[-1]["event"], events[-1]["code"]) == ("failed", "SystemError")
    assert any("Traceback" in event["line"] for event in _of(events, "log"))


def test_a_diverged_run_completes_and_its_model_still_answers(tmp_path: Path) -> None:
    completed, events = _run(_request(tmp_path / "work", learning_rate="1e30", apply_lora="false"))
    assert completed
    assert json.dumps(events, allow_nan=False)
    assert "score" not in {event["name"] for event in _of(events, "property")}
    model = ChatModel.load(tmp_path / "work" / "outputs" / "ft_nlp_model_converter" / "mlflow_model_folder")
    assert isinstance(model.reply(_messages(1)[:1], {"max_new_tokens": 4}), str)
