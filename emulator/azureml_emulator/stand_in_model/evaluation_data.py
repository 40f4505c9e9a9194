"""What the evaluation components read: settings, test data with its columns, texts of predictions and true answers.

It must not predict or compare. Source of checks and messages: Azure/azureml-assets,
assets/training/model_evaluation/src (utils.py, validation.py, constants.py).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from azureml_emulator.stand_in_model.data import Record, read_records
from azureml_emulator.stand_in_model.nodes import Pipeline
from azureml_emulator.stand_in_model.report import NodeError, Reporter

LOADING, DATA = "DataLoaderException", "DataValidationException"
PREDICTIONS, GROUND_TRUTH = "predictions", "ground_truth"


def read_settings(pipeline: Pipeline) -> dict[str, Any]:
    """The evaluation's settings; those in the text win over those in the file."""
    found: dict[str, Any] = {}
    file, text = pipeline.files.get("evaluation_config"), pipeline.inputs.get("evaluation_config_params")
    for what, source in (("File", file.read_text(encoding="utf-8") if file else ""), ("Params", text)):
        try:
            stated = json.loads(source) if source else {}
            found |= dict(stated)
        except (TypeError, ValueError) as error:
            raise NodeError(LOADING, f"Evaluation Config {what} failed to load due to [{error!r}]") from error
    return found


def test_data(pipeline: Pipeline) -> Path:
    """The file of test data. Raises NodeError where there is none, or a folder."""
    path = pipeline.files.get("test_data")
    if path is None:
        raise NodeError(DATA, "[test_data] should be passed.")
    if path.is_dir():
        text = "Test Data is a folder. JSON Lines File or MLTable expected."
        raise NodeError(LOADING, f"Failed to load data with error: [{text}]")
    return path


def read_rows(path: Path, reporter: Reporter) -> list[Record]:
    """The rows of a file, or of the files in a folder; a file without a known ending is read as JSON Lines."""
    if path.is_dir():
        files = sorted(path.rglob("*.jsonl")) or sorted(file for file in path.rglob("*") if file.is_file())
        if not files:
            raise NodeError(LOADING, "Failed to load data with error: [No JSON Lines files found in folder.]")
        return [row for file in files for row in read_rows(file, reporter)]
    reporter.log(f"Detected File Format: {path.suffix}")
    known = path if path.suffix.lower() in (".jsonl", ".json", ".csv", ".tsv") else None
    try:
        return read_records(known) if known else [json.loads(line) for line in path.read_bytes().splitlines() if line]
    except (NodeError, ValueError) as error:
        text = error.message if isinstance(error, NodeError) else repr(error)
        raise NodeError(LOADING, f"Failed to load data with error: [{text}]") from error


def columns_of(records: Sequence[Record], pipeline: Pipeline) -> tuple[list[str], str | None]:
    """Input columns and label column, which must be columns of the first row."""
    there = list(records[0]) if records else []
    label = str(pipeline.inputs.get("label_column_name") or "").split(",")[0].strip() or None
    asked = [part.strip() for part in str(pipeline.inputs.get("input_column_names") or "").split(",") if part.strip()]
    columns = asked or [column for column in there if column != label]
    if not records:
        raise NodeError(DATA, "Input data contains no data.")
    if not columns:
        raise NodeError(DATA, "No input columns found in test data.")
    for what, wanted in (("input_columns", columns), ("label_column", [label] if label else [])):
        if not set(wanted) <= set(there):
            text = f"[{what}] not a subset of input test dataset columns."
            raise NodeError(DATA, f"{text} [{what}] include [{wanted}] whereas data has [{there}]")
    return columns, label


def filled(records: Sequence[Record], columns: Sequence[str], reporter: Reporter) -> list[Record]:
    """The rows that have something in each of the columns. Raises NodeError when none is left."""
    kept = [row for row in records if all(row.get(column) not in (None, "", []) for column in columns)]
    reporter.log(f"Number of examples before filter: {len(records)}; after postprocessing: {len(kept)}")
    if not kept:
        raise NodeError(DATA, "Input data contains no data.")
    return kept


def texts_of(path: Path | None, role: str, pipeline: Pipeline, reporter: Reporter) -> list[str] | None:
    """The texts of a column: the one that is named, else the role's own, else the only one."""
    if path is None:
        return None
    rows = read_rows(path, reporter)
    there = list(rows[0]) if rows else []
    asked = pipeline.inputs.get("prediction_column_name" if role == PREDICTIONS else "ground_truth_column_name")
    name = str(asked) if asked else role if role in there else there[0] if len(there) == 1 else ""
    if rows and name not in there:
        missing = f"Prediction Column name [{name}]" if role == PREDICTIONS else "Ground truth column name"
        raise NodeError(DATA, f"{missing} not found in input data.")
    return [str(row.get(name) or "") for row in rows]
