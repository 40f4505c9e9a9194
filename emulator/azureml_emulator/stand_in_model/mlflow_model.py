"""The MLflow model folder around a model: MLmodel, conda.yaml, requirements.txt. It must not touch the weights.

Source: azureml-acft-common-components, utils/mlflow_utils.py (metadata), and the MLmodel of Phi-3-mini-4k-instruct 15.
"""

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from azureml_emulator.stand_in_model.model_folder import BASE_FOLDER, MODEL_DATA, NOTE_FILE

TRANSFORMERS = "4.38.2"
PYTHON = "3.11"
WEIGHT_FILES = ("model.npz", "config.json", "tokenizer.json")
REQUIREMENTS = ("mlflow", "numpy", "azureml-evaluate-mlflow", f"transformers=={TRANSFORMERS}")


def write_base(folder: Path, *, base_model_name: str, base_model_asset_id: str) -> None:
    """Write the shipped stand-in as the MLflow model of a base model."""
    (folder / MODEL_DATA).mkdir(parents=True, exist_ok=True)
    for name in (*WEIGHT_FILES, NOTE_FILE):
        shutil.copyfile(BASE_FOLDER / name, folder / MODEL_DATA / name)
    write(folder, base_model_name=base_model_name, base_model_asset_id=base_model_asset_id, finetuned=False)


def write(folder: Path, *, base_model_name: str, base_model_asset_id: str, finetuned: bool = True) -> None:
    """Write the files around `data/model`, which must be there."""
    weights = (folder / MODEL_DATA / "model.npz").read_bytes()
    document: dict[str, Any] = {
        "flavors": {
            "hftransformersv2": {
                "code": None,
                "hf_config_class": "AutoConfig",
                "hf_predict_module": None,
                "hf_pretrained_class": "AutoModelForCausalLM",
                "hf_tokenizer_class": "AutoTokenizer",
                "huggingface_id": base_model_name,
                "model_data": "data",
                "task_type": "chat-completion",
                "transformers_version": TRANSFORMERS,
            },
            "python_function": {
                "data": "data",
                "env": "conda.yaml",
                "loader_module": "azureml.evaluate.mlflow.hftransformers",
                "python_version": PYTHON,
            },
        },
        "metadata": {
            "base_model_name": base_model_name,
            "base_model_asset_id": base_model_asset_id,
            "base_model_task": "chat-completion",
            "is_finetuned_model": finetuned,
            "is_acft_model": True,
            "finetuning_task": "ChatCompletion",
            "emulator_stand_in": True,
        },
        "mlflow_version": "2.8.0",
        "model_size_bytes": len(weights),
        "model_uuid": hashlib.sha256(weights).hexdigest()[:32],
        "utc_time_created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
    }
    (folder / "MLmodel").write_text(yaml.safe_dump(document, sort_keys=True), encoding="utf-8")
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={PYTHON}", "pip", {"pip": list(REQUIREMENTS)}],
    }
    (folder / "conda.yaml").write_text(yaml.safe_dump(conda, sort_keys=False), encoding="utf-8")
    (folder / "requirements.txt").write_text("\n".join(REQUIREMENTS) + "\n", encoding="utf-8")
    (folder / NOTE_FILE).write_text((folder / MODEL_DATA / NOTE_FILE).read_text(encoding="utf-8"), encoding="utf-8")
