"""The five nodes of chat_completion_pipeline: validation, model import, preprocess, finetune, convert.

Each reads the pipeline's inputs and what earlier nodes left, works, and writes its output ports. It must not know
processes or events.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from azureml_emulator.stand_in_model import artifact, mlflow_model, model_folder
from azureml_emulator.stand_in_model.checkpoints import Checkpoints
from azureml_emulator.stand_in_model.data import read_records
from azureml_emulator.stand_in_model.hyperparameters import Hyperparameters, read_literal
from azureml_emulator.stand_in_model.preprocess import Prepared, prepare, split
from azureml_emulator.stand_in_model.report import USER, NodeError, Reporter
from azureml_emulator.stand_in_model.trainer import Result, Trainer

T = TypeVar("T")
LoadModel = Callable[[Path | None, str], Any]  # of a folder, or the base model of a name: what ChatModel does
MODEL_SOURCES = ("mlflow_model_path", "pytorch_model_path", "huggingface_id")


@dataclass
class Pipeline:
    """One run's inputs and the state that its nodes hand on."""

    inputs: Mapping[str, Any]
    files: Mapping[str, Path]
    base_model: Mapping[str, str]
    output: Path
    version: str = ""  # of the pipeline component
    model: artifact.StandInModel | None = None
    prepared: Prepared | None = None
    load_model: LoadModel | None = None  # of another stack

    @classmethod
    def from_request(cls, request: Mapping[str, Any], output: Path) -> "Pipeline":
        """Read the worker's request."""
        files = {name: Path(path) for name, path in request.get("files", {}).items() if path}
        base_model, version = request.get("base_model", {}), str(request.get("version", ""))
        return cls(request.get("inputs", {}), files, base_model, output, version)

    def port(self, node: str, port: str) -> Path:
        """Return the folder of an output port, made where it is missing."""
        folder = self.output / node / port
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def literal(self, name: str, default: Any) -> Any:
        """Return an input by the type of its default."""
        value = self.inputs.get(name)
        return default if value is None else read_literal(name, value, type(default))


def validate(pipeline: Pipeline, reporter: Reporter) -> None:
    """ft_nlp_common_validation: like the real script it writes its note and checks nothing that matters later."""
    for name, path in sorted(pipeline.files.items()):
        reporter.log(f"{name}: {path.name}")
    folder = pipeline.port("ft_nlp_common_validation", "validation_info")
    (folder / "validation_info.json").write_text('{"message": "Validation Completed"}\n', encoding="utf-8")
    reporter.log("Validation Completed")


def import_model(pipeline: Pipeline, reporter: Reporter) -> None:
    """chat_completion_model_import: the shipped stand-in, or the folder of an earlier fine-tuned model."""
    name = pipeline.base_model.get("name") or str(pipeline.inputs.get("huggingface_id") or "")
    folder = next((pipeline.files[source] for source in MODEL_SOURCES if source in pipeline.files), None)
    if not name and folder is None:
        raise NodeError(USER, f"No model is given. Set one of the inputs {', '.join(MODEL_SOURCES)}.")
    try:
        pipeline.model = artifact.load(folder) if folder else artifact.load_base()
    except model_folder.ArtifactError as error:
        raise NodeError(USER, f"The model cannot be imported: {error}") from error
    port = pipeline.port("chat_completion_model_import", "output_dir")
    model = pipeline.model
    artifact.save(
        port, model.config, model.weights, model.tokenizer, details={"base_model_name": name}, half=folder is None
    )
    parameters = sum(array.size for array in model.weights.values())
    source = f"the model folder {folder.name}" if folder else "the weights shipped with the emulator"
    reporter.log(
        f"Base model {name or '(unnamed)'}: the emulator's stand-in of {parameters:,} parameters, from {source}"
    )


def preprocess(pipeline: Pipeline, reporter: Reporter) -> None:
    """chat_completion_datapreprocess: rows of conversations to tokens, and the run's token counts."""
    model = _done(pipeline.model, "chat_completion_model_import")
    if "train_file_path" not in pipeline.files:
        raise NodeError(USER, "train_file_path is not given; the emulator reads files, not mltable folders.")
    records = {
        name: read_records(pipeline.files[f"{name}_file_path"])
        for name in ("train", "validation", "test")
        if f"{name}_file_path" in pipeline.files
    }
    train, validation, test = split(records["train"], records.get("validation"), records.get("test"))
    how = "from its own file" if "validation" in records else "cut off the end of the training data"
    reporter.log(f"{len(train)} training rows, {len(validation)} validation rows ({how}), {len(test)} test rows")
    max_seq_length = pipeline.literal("max_seq_length", -1)
    prepared = prepare(
        model.tokenizer,
        train,
        validation,
        max_seq_length=max_seq_length,
        context=model.config.context,
        reporter=reporter,
    )
    pipeline.prepared = prepared
    reporter.log(
        f"{len(prepared.train)} training and {len(prepared.validation)} validation sequences; "
        f"{prepared.tokens} tokens, {prepared.assistant_tokens} of them by the assistant"
    )
    epochs = pipeline.literal("num_train_epochs", 1)  # the real component bills every epoch, and both splits
    reporter.property("__azureml_ft_training_tokens", str(prepared.tokens * epochs))
    reporter.property("__azureml_ft_assistant_tokens", str(prepared.assistant_tokens * epochs))
    _write_prepared(pipeline.port("chat_completion_datapreprocess", "output_dir"), prepared, test)


def finetune(pipeline: Pipeline, reporter: Reporter) -> None:
    """chat_completion_finetune: gradient descent, metrics, checkpoints, and the model in PyTorch's place."""
    model = _done(pipeline.model, "chat_completion_model_import")
    prepared = _done(pipeline.prepared, "chat_completion_datapreprocess")
    parameters = Hyperparameters.from_inputs(pipeline.inputs)
    folder = pipeline.port("chat_completion_finetune", "pytorch_model_folder")
    pad_to = model.config.context + 1 if pipeline.literal("pad_to_max_length", False) else None
    trainer = Trainer(
        model.config,
        model.weights,
        parameters,
        train=prepared.train,
        validation=prepared.validation,
        reporter=reporter,
        checkpoints=Checkpoints(folder, parameters.save_total_limit),
        pad_to=pad_to,
    )
    _say_settings(parameters, trainer, reporter)
    result = trainer.run()
    _save_finetuned(folder, pipeline, model, result, parameters)
    reporter.property("run_algorithm", str(pipeline.base_model.get("name", "")))
    reporter.property("model_id", str(pipeline.base_model.get("name", "")))
    reporter.property("showMetricsAtRoot", "true")
    if result.best_loss is not None:
        reporter.property("score", str(result.best_loss))
        reporter.log(f"Best eval_loss {result.best_loss:.4f} after {result.steps} steps; its weights are kept")


def convert(pipeline: Pipeline, reporter: Reporter) -> None:
    """ft_nlp_model_converter: the MLflow model folder of what was fine-tuned."""
    source = pipeline.output / "chat_completion_finetune" / "pytorch_model_folder"
    if not (source / "model.npz").is_file():
        raise NodeError(USER, f"{source.name} holds no model; chat_completion_finetune has to run first.")
    folder = pipeline.port("ft_nlp_model_converter", "mlflow_model_folder")
    data = folder / model_folder.MODEL_DATA
    data.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        if file.is_file():
            shutil.copyfile(file, data / file.name)
    name, asset_id = (str(pipeline.base_model.get(key, "")) for key in ("name", "asset_id"))
    mlflow_model.write(folder, base_model_name=name, base_model_asset_id=asset_id)
    reporter.log(f"Wrote the MLflow model: {', '.join(sorted(path.name for path in folder.iterdir()))}")


NODES: dict[str, Callable[[Pipeline, Reporter], None]] = {
    "ft_nlp_common_validation": validate,
    "chat_completion_model_import": import_model,
    "chat_completion_datapreprocess": preprocess,
    "chat_completion_finetune": finetune,
    "ft_nlp_model_converter": convert,
}


def _done(value: T | None, node: str) -> T:
    if value is None:
        raise NodeError(USER, f"{node} has to run first.")
    return value


def _say_settings(p: Hyperparameters, trainer: Trainer, reporter: Reporter) -> None:
    what = (
        f"LoRA adapters (r {p.lora_r}, alpha {p.lora_alpha:g}, dropout {p.lora_dropout:g})"
        if p.apply_lora
        else "all weights"
    )
    batch = p.per_device_train_batch_size * p.devices * p.gradient_accumulation_steps
    reporter.log(f"***** Running training: {what}, {trainer.trainable:,} trainable parameters *****")
    reporter.log(
        f"{trainer.total_steps} optimization steps of {batch} sequences, {p.optim}, "
        f"{p.lr_scheduler_type} schedule from learning rate {p.learning_rate:g}, seed {p.seed}"
    )
    if p.precision == "16":
        reporter.log("Precision 16: the emulator computes in float32 and saves float16")
    if p.apply_deepspeed or p.apply_ort:
        reporter.log("DeepSpeed and ONNX Runtime have no effect in the emulator")


def _save_finetuned(
    folder: Path, pipeline: Pipeline, model: artifact.StandInModel, result: Result, p: Hyperparameters
) -> None:
    details = {
        "base_model_name": str(pipeline.base_model.get("name", "")),
        "finetuning": {"steps": result.steps, "eval_loss": result.best_loss if _finite(result.best_loss) else None},
    }
    weights, adapter = result.weights, result.adapter
    if adapter and p.merge_lora_weights:
        with np.errstate(all="ignore"):
            weights, adapter = adapter.merged(weights), None
    artifact.save(
        folder, model.config, weights, model.tokenizer, details=details, half=p.precision == "16", adapter=adapter
    )


def _finite(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _write_prepared(folder: Path, prepared: Prepared, test: Any) -> None:
    for name, rows in (("train", prepared.train), ("validation", prepared.validation)):
        lines = (
            json.dumps(
                {
                    "input_ids": row.tokens,
                    "labels": [t if c else -100 for t, c in zip(row.tokens, row.counted, strict=True)],
                }
            )
            for row in rows
        )
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    # The real component passes the test rows through as they are (skip_test_data_processing).
    (folder / "test.jsonl").write_text("".join(json.dumps(row, default=str) + "\n" for row in test), encoding="utf-8")
