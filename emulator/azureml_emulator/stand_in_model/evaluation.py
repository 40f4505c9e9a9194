"""The registry's evaluation components: validation of their inputs, a model's predictions, metrics of predictions.

Each reads its inputs, works, and writes its output ports. It must not know processes or events. Source of columns,
checks and messages: Azure/azureml-assets, assets/training/model_evaluation/src and src_distributed. Only the task
chat-completion is emulated. `mean_perplexity` here is the model's own, of the true answers; see emulator/README.md.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from azureml_emulator.stand_in_model import side_by_side
from azureml_emulator.stand_in_model.data import Record
from azureml_emulator.stand_in_model.evaluation_data import (
    DATA,
    GROUND_TRUTH,
    LOADING,
    PREDICTIONS,
    columns_of,
    filled,
    read_rows,
    read_settings,
    test_data,
    texts_of,
)
from azureml_emulator.stand_in_model.model_folder import ArtifactError
from azureml_emulator.stand_in_model.nodes import Pipeline
from azureml_emulator.stand_in_model.predictor import PredictionError, check_parameters
from azureml_emulator.stand_in_model.report import NodeError, Reporter
from azureml_emulator.stand_in_model.serve import ChatModel
from azureml_emulator.stand_in_model.text_metrics import text_metrics

TASK = "chat-completion"
MODEL, PREDICT, COMPUTE = "ModelValidationException", "PredictException", "ComputeMetricsException"
APPENDED, LOSS = "prediction_appended", "loss"
METRICS = "compute_metrics"
PREPROCESSED = "chat_completion_datapreprocess"
RESULT = "evaluationResult"
JSON_ARTIFACT = "mlflow.models.evaluation.artifacts.JsonEvaluationArtifact"
Messages = list[dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """A conversation that waits for an answer, and the true one where the data has it."""

    messages: Messages
    truth: str | None


def validate(pipeline: Pipeline, reporter: Reporter) -> None:
    """validation_trigger_model_evaluation: task, settings, model and columns, before anything is predicted."""
    _check_task(pipeline)
    read_settings(pipeline)
    _load(pipeline.files.get("mlflow_model"), pipeline)
    columns_of(read_rows(test_data(pipeline), reporter)[:1], pipeline)
    (pipeline.port("validation_trigger_model_evaluation", "output") / "output.json").write_text("true\n")
    reporter.log("Validation succeeded")


def predict(pipeline: Pipeline, reporter: Reporter) -> None:
    """model_prediction on a file of test data; with no label column, only a last turn of the user is a true answer."""
    _check_task(pipeline)
    settings = read_settings(pipeline)
    model = _load(pipeline.files.get("mlflow_model"), pipeline)
    records = read_rows(test_data(pipeline), reporter)
    columns, label = columns_of(records, pipeline)
    rows = filled(records, [*columns, *([label] if label else [])], reporter)
    asked = [_question(row[columns[0]], row.get(label) if label else None) for row in rows]
    _answer(pipeline, reporter, "model_prediction", model, asked, label or GROUND_TRUTH, settings)


def predict_finetuned(pipeline: Pipeline, reporter: Reporter) -> None:
    """model_prediction of the fine-tuning pipeline: the test rows that preprocessing passed on, last turn held back."""
    tested = pipeline.output / PREPROCESSED / "output_dir" / "test.jsonl"
    records = read_rows(tested, reporter) if tested.is_file() else []
    if any("messages" not in record for record in records):
        raise NodeError(LOADING, "'messages' not found in FT test dataset. No label column found in test data.")
    asked = [_question(row["messages"][:-1], row["messages"][-1].get("content")) for row in records]
    model = _load(pipeline.output / "ft_nlp_model_converter" / "mlflow_model_folder", pipeline)
    _answer(pipeline, reporter, "model_prediction", model, asked, GROUND_TRUTH, read_settings(pipeline))


def predict_with_container(pipeline: Pipeline, reporter: Reporter) -> None:
    """model_prediction_with_container outside of fine-tuning: like model_prediction."""
    predict(pipeline, reporter)
    (pipeline.output / "model_prediction").rename(pipeline.output / "model_prediction_with_container")


def compute(pipeline: Pipeline, reporter: Reporter) -> None:
    """compute_metrics: BLEU, ROUGE and perplexity as metrics of its own run and as files."""
    made = pipeline.output / "model_prediction"
    inside = made.is_dir()  # else the predictions come from another job or from data
    if not inside:
        _check_task(pipeline)
        read_settings(pipeline)
    predictions = texts_of(_port(pipeline, made, "predictions", "prediction"), PREDICTIONS, pipeline, reporter)
    truths = texts_of(_port(pipeline, made, "ground_truth", "ground_truth"), GROUND_TRUTH, pipeline, reporter)
    scores = _port(pipeline, made, "prediction_probabilities", "prediction_probabilities")
    losses = [float(row[LOSS]) for row in (read_rows(scores, reporter) if scores else []) if row.get(LOSS) is not None]
    if predictions is None:
        raise NodeError(DATA, "[predictions] should be passed.")
    metrics: dict[str, float] = {}
    if truths:
        try:
            metrics |= text_metrics(predictions, truths)
        except ModuleNotFoundError as error:
            fix = "install the extra `evaluation` of the emulator: rouge-score and sacrebleu"
            raise NodeError(
                COMPUTE, f"The emulator computes metrics with {error.name}, which is missing; {fix}."
            ) from None
        except ValueError as error:
            raise NodeError(COMPUTE, f"Compute metrics failed due to [{error!r}]") from error
    perplexity = [_exp(loss) for loss in losses]
    if perplexity:
        metrics["mean_perplexity"] = sum(perplexity) / len(perplexity)
        reporter.log(f"Held-out loss {sum(losses) / len(losses):.4f} of {len(losses)} true answers")
    _publish(pipeline, reporter, metrics, perplexity)


NODES: dict[str, Callable[[Pipeline, Reporter], None]] = {
    "validation_trigger_model_evaluation": validate,
    "model_prediction": lambda pipeline, reporter: (
        predict_finetuned if (pipeline.output / PREPROCESSED).is_dir() else predict
    )(pipeline, reporter),
    "model_prediction_with_container": predict_with_container,
    METRICS: compute,
}


def _check_task(pipeline: Pipeline) -> None:
    task = str(pipeline.inputs.get("task"))
    if task != TASK:
        raise NodeError("NotEmulated", f"The emulator evaluates models for the task {TASK} and not for {task}.")


def _load(folder: Path | None, pipeline: Pipeline) -> Any:
    """The model in a folder; without one, a model of the registry, for which the shipped stand-in answers."""
    try:
        if folder is None and (name := pipeline.base_model.get("name")):
            return pipeline.load_model(None, name) if pipeline.load_model else ChatModel.load()
        if folder is None or not any(folder.rglob("MLmodel")):
            text = "Please save model using 'azureml-evaluate-mlflow' or 'mlflow' package."
            raise NodeError(MODEL, f"Model passed is not a valid MLFlow model. {text}")
        return pipeline.load_model(folder, "") if pipeline.load_model else ChatModel.load(folder)
    except ArtifactError as error:
        raise NodeError(MODEL, f"Model load failed due to error: [{error}]") from error


def _question(messages: Any, truth: Any) -> Question:
    """Where there is no true answer, the component takes one from a last turn of the user, and no other."""
    if not isinstance(messages, list) or not all(isinstance(turn, dict) for turn in messages):
        text = f"conversation is a {type(messages).__name__}, not a list of messages"
        raise NodeError(PREDICT, f"Model Prediction failed due to [TypeError({text!r})]")
    if truth is None and messages and messages[-1].get("role") == "user":
        return Question(messages[:-1], str(messages[-1].get("content")))
    asked = messages[:-1] if messages and messages[-1].get("role") == "assistant" else messages
    return Question(asked, None if truth is None else str(truth))


def _answer(
    pipeline: Pipeline, reporter: Reporter, node: str, model: Any,
    asked: Sequence[Question], label: str, settings: dict[str, Any],
) -> None:  # fmt: skip
    """Answer every question, and write the output ports."""
    if not asked:
        raise NodeError(DATA, "Input data contains no data.")
    sampling = _sampling(settings)
    batch_size = int(pipeline.inputs.get("batch_size") or 0)

    def ask(row: tuple[int, Question]) -> tuple[str, float | None, tuple[float, float]]:
        number, question = row
        try:
            began = time.time()
            text = model.reply(question.messages, sampling)
            ended = time.time()
            true = {"role": "assistant", "content": question.truth}
            loss = model.score([*question.messages, true]) if question.truth else None
        except ValueError as error:
            raise NodeError(PREDICT, f"Model Prediction failed due to [{error!r}] at row {number}") from error
        return text, loss, (began, ended)

    numbered = [*enumerate(asked)]
    # Another stack's model uses all cores by itself.
    done = [*map(ask, numbered)] if pipeline.load_model else side_by_side.each(ask, numbered)
    said, scored = list[Record](), list[Record]()
    for question, (text, loss, _) in zip(asked, done, strict=True):
        conversation = [*question.messages, {"role": "assistant", "content": text}]
        said.append({PREDICTIONS: text, APPENDED: [{"messages": conversation}]})
        scored.append({LOSS: loss if loss is None or math.isfinite(loss) else None})
    truths = [{label: question.truth} for question in asked] if all(q.truth is not None for q in asked) else []
    reporter.log(f"Predicted {len(said)} answers, {len(truths)} of them have a true one")
    folder = pipeline.output / node
    folder.mkdir(parents=True, exist_ok=True)
    ports = {"predictions": said, "ground_truth": truths, "prediction_probabilities": scored}
    for port, rows in {**ports, "performance_metadata": _times([times for *_, times in done], batch_size)}.items():
        (folder / port).write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def _times(taken: Sequence[tuple[float, float]], batch_size: int) -> list[Record]:
    """A row for each answer, with the time of its whole batch; without a size all answers are one batch."""
    size = batch_size or len(taken)
    batches = [taken[first : first + size] for first in range(0, len(taken), size)]
    return [
        {
            "batch_size": len(batch),
            "start_time_iso": datetime.fromtimestamp(batch[0][0], UTC).isoformat(),
            "end_time_iso": datetime.fromtimestamp(batch[-1][1], UTC).isoformat(),
            "time_taken_ms": (batch[-1][1] - batch[0][0]) * 1000,
        }
        for batch in batches
        for _ in batch
    ]


def _sampling(settings: dict[str, Any]) -> dict[str, Any]:
    """What reaches the model of the settings: `tokenizer_config`. Raises NodeError for what the real step fails on.

    With `generator_config` the task hands the predictor a dictionary, and that takes frames alone.
    """
    found: dict[str, Any] = settings.get("tokenizer_config") or {}
    try:
        if "generator_config" in settings:
            raise PredictionError("Only Pandas dataframe supported currently.")
        check_parameters(found)
    except PredictionError as error:
        raise NodeError(PREDICT, f"Model Prediction failed due to [{error}]") from error
    return found


def _port(pipeline: Pipeline, made: Path, port: str, given: str) -> Path | None:
    """A file of the step before, else the input of that name."""
    return made / port if (made / port).is_file() else pipeline.files.get(given)


def _publish(pipeline: Pipeline, reporter: Reporter, metrics: dict[str, float], perplexity: list[float]) -> None:
    """Log what is finite, and save as mlflow's EvaluationResult does."""
    folder = pipeline.port(METRICS, "evaluation_result") / RESULT
    (folder / "artifacts").mkdir(parents=True)
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    reporter.log("Computed metrics:")
    for name, value in finite.items():
        reporter.log(f"{name}: {value}")
        reporter.metric(name, value, None)
    for name in sorted(set(metrics) - set(finite)):
        reporter.log(f"{name} is not finite and is not logged")
    about = {}
    if perplexity:
        kept = [value for value in perplexity if math.isfinite(value)]
        (folder / "artifacts" / "perplexity").write_text(json.dumps(kept), encoding="utf-8")
        about = {"perplexity": {"uri": "perplexity", "class_name": JSON_ARTIFACT}}
    (folder / "metrics.json").write_text(json.dumps(finite), encoding="utf-8")
    (folder / "artifacts_metadata.json").write_text(json.dumps(about), encoding="utf-8")
    reporter.property("showMetricsAtRoot", "true")
    reporter.property("PipelineType", "Evaluate")


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
