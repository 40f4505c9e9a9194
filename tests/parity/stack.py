"""The real packages as the emulator's model stack, for `mlops rehearse --stack real` (docs/parity.md).

`work FOLDER` runs the nodes of a job, `serve FOLDER` answers scoring requests; both run in an environment of `make
parity-stack`, around the tiny base models. Metrics of answers are computed by the emulator's own code (`--metrics`
names its interpreter), because the real one fetches its scorers from a hub.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch

from azureml_emulator.stand_in_model import worker
from azureml_emulator.stand_in_model.hyperparameters import Hyperparameters
from azureml_emulator.stand_in_model.nodes import Pipeline
from azureml_emulator.stand_in_model.report import USER, NodeError, Reporter
from tests.parity import evaluation, tiny, training

IMPORT, PREPROCESS = "chat_completion_model_import", "chat_completion_datapreprocess"
FINETUNE, CONVERT = "chat_completion_finetune", "ft_nlp_model_converter"
CONTEXT = 2048  # its tokens are bytes, and a row whose answers do not fit has no loss
NOT_TRAINED = {"tokenizer_config": {"max_length": CONTEXT}}
EVALUATIONS = 4  # while a model is trained


def main() -> int:
    """Work or serve; 1 where a node failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", required=True)
    parser.add_argument("verb", choices=["work", "serve"])
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    events, folder = _stdout_for_events(), given.folder.resolve()
    training.without_onnx()
    if given.verb == "serve":
        return serve(folder, sys.stdin, events)
    known: worker.Nodes = {**worker.NODES, **NODES, "compute_metrics": partial(_metrics, given.metrics)}
    # The code waits for a minute after a failure, and leaves folders of its own where it stands.
    with tempfile.TemporaryDirectory() as own, chdir(own), patch.object(time, "sleep", lambda _: None):
        done = worker.run(folder, lambda event: _write(events, event), known=known, load_model=load)
    return 0 if done else 1


def serve(folder: Path, asked: TextIO, answers: TextIO) -> int:
    """Answer each line as the MLflow image does, until there are no more."""
    import mlflow.pyfunc

    try:
        loaded = mlflow.pyfunc.load_model(str(folder))
    except Exception as error:  # noqa: BLE001 - whatever the model's code raises is the answer
        _write(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    _write(answers, {})
    for line in asked:
        try:
            found = loaded.predict(json.loads(line)["input_data"])
            rows = found if isinstance(found, list) else json.loads(found.to_json(orient="records"))
            _write(answers, {"answer": rows})
        except Exception as error:  # noqa: BLE001 - as above
            _write(answers, {"error": str(error)})
    return 0


class RealModel:
    """The predictor of the evaluation components."""

    def __init__(self, folder: Path) -> None:
        from azureml.evaluate.mlflow import aml

        self._loaded = aml.load_model(str(folder), "", suppress_warnings=True)

    def reply(self, messages: list[dict[str, Any]], settings: Mapping[str, Any]) -> str:
        """The assistant's next turn. Raises ValueError as the step fails."""
        try:
            found = evaluation.predicted(self._loaded, messages, {"tokenizer_config": dict(settings)})
        except Exception as error:
            raise ValueError(str(error)) from error
        return str(found[0] if isinstance(found, list) else found)

    def score(self, _: list[dict[str, Any]]) -> float:
        """The real step says nothing about the true answer."""
        return math.nan


def load(folder: Path | None, name: str) -> RealModel:
    """The model in a folder, or the tiny one that stands for a base model."""
    if folder:
        return RealModel(folder)
    made = Path(tempfile.mkdtemp())
    return RealModel(tiny.convert(tiny.make(_family(name), made / name, CONTEXT), made / "mlflow", NOT_TRAINED))


def import_model(pipeline: Pipeline, reporter: Reporter) -> None:
    """The tiny base model in place of the registry's."""
    family = _family(str(pipeline.base_model.get("name", "")))
    tiny.make(family, pipeline.port(IMPORT, "output_dir") / family.name, CONTEXT)
    reporter.log(f"{family.name}: its architecture, with random weights")


def preprocess(pipeline: Pipeline, reporter: Reporter) -> None:
    """The real preprocessing."""
    family, base = _base(pipeline)
    with tempfile.TemporaryDirectory() as name:
        for split in training.SPLITS:
            shutil.copyfile(pipeline.files[f"{split}_file_path"], Path(name) / f"{split}.jsonl")
        made = pipeline.output / PREPROCESS / "output_dir"
        _run(lambda: training.preprocess(family, base, Path(name), made), reporter)
    for tokens, number in (training.stated(made, "finetune_tokens") or {}).items():
        reporter.property(tokens, str(number))


def finetune(pipeline: Pipeline, reporter: Reporter) -> None:
    """The real fine-tuning, on the CPU: what the trainer logs becomes the run's metrics."""
    _, base = _base(pipeline)
    asked = Hyperparameters.from_inputs(pipeline.inputs)
    made, trained = pipeline.output / PREPROCESS / "output_dir", pipeline.output / FINETUNE / "pytorch_model_folder"
    trained.parent.mkdir(parents=True, exist_ok=True)
    rows = sum(1 for _ in pipeline.files["train_file_path"].open(encoding="utf-8"))
    steps = asked.max_steps
    if steps < 0:
        steps = asked.num_train_epochs * math.ceil(rows / asked.per_device_train_batch_size)
    every = max(1, steps // EVALUATIONS)
    changed: dict[str, Any] = {
        "max_steps": steps,
        "eval_steps": every,
        "save_steps": every,
        "logging_steps": asked.logging_steps,
        "per_device_train_batch_size": asked.per_device_train_batch_size,
        "per_device_eval_batch_size": max(8, asked.per_device_eval_batch_size),
        "learning_rate": asked.learning_rate,
        "lora_r": asked.lora_r,
        "lora_alpha": int(asked.lora_alpha),
        "seed": asked.seed,
    }
    reporter.log(f"{steps} steps of {asked.per_device_train_batch_size} rows, learning rate {asked.learning_rate:g}")
    losses: list[float] = []
    with _told(reporter, losses):
        _run(lambda: training.tune(base, made, trained, **changed), reporter)
    if losses:
        reporter.property("score", str(min(losses)))
    reporter.property("run_algorithm", base.name)
    reporter.property("showMetricsAtRoot", "true")


def convert(pipeline: Pipeline, reporter: Reporter) -> None:
    """The MLflow model, as the converter's library writes it."""
    trained = pipeline.output / FINETUNE / "pytorch_model_folder"
    folder = pipeline.output / CONVERT / "mlflow_model_folder"
    folder.parent.mkdir(parents=True, exist_ok=True)
    inference = training.inference(pipeline.output / PREPROCESS / "output_dir")
    _run(lambda: tiny.convert(trained, folder, inference), reporter)


NODES: dict[str, Callable[[Pipeline, Reporter], None]] = {
    IMPORT: import_model,
    PREPROCESS: preprocess,
    FINETUNE: finetune,
    CONVERT: convert,
}


def _metrics(interpreter: str, pipeline: Pipeline, reporter: Reporter) -> None:
    """compute_metrics in the emulator's own environment, on the answers that were made here."""
    request = {
        "inputs": dict(pipeline.inputs),
        "files": {name: str(path) for name, path in pipeline.files.items()},
        "nodes": ["compute_metrics"],
        "output": str(pipeline.output),
    }
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "request.json").write_text(json.dumps(request), encoding="utf-8")
        words = [interpreter, "-m", "azureml_emulator.stand_in_model", name]
        clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=clean)
    for event in map(json.loads, done.stdout.splitlines()):
        match event["event"]:
            case "metric":
                reporter.metric(event["name"], event["value"], event["step"])
            case "property":
                reporter.property(event["name"], event["value"])
            case "log":
                reporter.log(event["line"])
            case "failed":
                raise NodeError(event["code"], event["message"])
    if done.returncode:
        raise NodeError("SystemError", done.stderr[-500:])


class _told:  # noqa: N801 - used as a function
    """While it lasts, what the trainer logs is told."""

    def __init__(self, reporter: Reporter, losses: list[float]) -> None:
        from transformers import Trainer

        real = Trainer.log

        def log(trainer: Any, logs: dict[str, Any], *rest: Any, **named: Any) -> None:
            for name, value in logs.items():
                if isinstance(value, int | float) and math.isfinite(value):
                    reporter.metric(name, float(value), int(trainer.state.global_step))
            losses.extend([float(logs["eval_loss"])] if "eval_loss" in logs else [])
            real(trainer, logs, *rest, **named)

        self._patched = patch.object(Trainer, "log", log)

    def __enter__(self) -> None:
        self._patched.start()

    def __exit__(self, *_: object) -> None:
        self._patched.stop()


def _run(act: Callable[[], object], reporter: Reporter) -> None:
    """What the code raises, with its own name and text. Raises NodeError."""
    from tests.parity.expectation import observe

    found = observe("", None, act)
    if not found.accepted:
        raise NodeError(found.error, found.text)
    reporter.log("done by the published packages")


def _family(name: str) -> tiny.Family:
    if name not in tiny.FAMILIES:
        raise NodeError(USER, f"there is no tiny model of {name}; there are: {', '.join(tiny.FAMILIES)}")
    return tiny.FAMILIES[name]


def _base(pipeline: Pipeline) -> tuple[tiny.Family, Path]:
    family = _family(str(pipeline.base_model.get("name", "")))
    return family, pipeline.output / IMPORT / "output_dir" / family.name


def _stdout_for_events() -> TextIO:
    """The packages print as they like: that goes to stderr, and stdout is for events alone."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


def _write(to: TextIO, event: Mapping[str, Any]) -> None:
    to.write(json.dumps(event, allow_nan=False) + "\n")
    to.flush()


if __name__ == "__main__":
    raise SystemExit(main())
