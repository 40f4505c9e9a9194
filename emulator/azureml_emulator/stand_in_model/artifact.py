"""The model folders: `pytorch_model_folder`, `mlflow_model_folder` and the shipped base weights, written and read.

Weights are `.npz` arrays, never pickle. It must not train or generate. The MLmodel follows what the real converter
writes for chat completion: flavor hftransformersv2, acft metadata, no signature.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from azureml_emulator.stand_in_model.layers import Array
from azureml_emulator.stand_in_model.lora import Lora, lora_config
from azureml_emulator.stand_in_model.model_folder import BASE_FOLDER, MODEL_DATA, NOTE_FILE, ArtifactError
from azureml_emulator.stand_in_model.network import Config, Weights, names
from azureml_emulator.stand_in_model.tokenizer import Tokenizer

NOTE = """This is not {name}. It is the small stand-in of the Azure ML emulator: a {parameters:,}-parameter transformer
trained in numpy, with Phi-3's layout and chat template and none of its knowledge. It exists so that a pipeline can be
rehearsed for real, from data to a deployment that answers. Do not judge a model by what it says.
"""


@dataclass(frozen=True)
class StandInModel:
    """What a folder holds: shape, weights (float32, adapters merged in) and tokenizer."""

    config: Config
    weights: Weights
    tokenizer: Tokenizer
    details: dict[str, Any]


def load(folder: Path) -> StandInModel:
    """Read a model folder, or one that has it below `data/model` or in a subfolder. Raises ArtifactError."""
    root = _find(folder)
    try:
        details = json.loads((root / "config.json").read_text(encoding="utf-8"))
        config = Config(**details["network"])
        weights = _read_weights(root / "model.npz", config)
        adapter_file = root / "adapter_config.json"
        if adapter_file.is_file():
            settings = lora_config(json.loads(adapter_file.read_text(encoding="utf-8")))
            weights = Lora(settings, _arrays(root / "adapter_model.npz")).merged(weights)
        return StandInModel(config, weights, Tokenizer.load(root / "tokenizer.json"), details)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{root}: is no model of this emulator: {error}") from error


def save(
    folder: Path, config: Config, weights: Mapping[str, Array], tokenizer: Tokenizer,
    *, details: Mapping[str, Any], half: bool, adapter: Lora | None = None,
) -> None:  # fmt: skip
    """Write weights, config and tokenizer; float16 where `half`. An adapter stays beside the base, unmerged."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_weights(folder / "model.npz", weights, half=half)
    if adapter:
        _write_weights(folder / "adapter_model.npz", adapter.weights, half=half)
        settings = {
            "peft_type": "LORA",
            "r": adapter.config.r,
            "lora_alpha": adapter.config.alpha,
            "lora_dropout": adapter.config.dropout,
        }
        _write_json(folder / "adapter_config.json", settings)
    tokenizer.save(folder / "tokenizer.json")
    document = {"architectures": ["EmulatorStandInForCausalLM"], "network": config.to_dict(), **details}
    _write_json(folder / "config.json", document)
    parameters = sum(array.size for array in weights.values())
    (folder / NOTE_FILE).write_text(
        NOTE.format(name=details.get("base_model_name", "a real model"), parameters=parameters), encoding="utf-8"
    )


def load_base() -> StandInModel:
    """Return the weights that are shipped with the emulator."""
    return load(BASE_FOLDER)


def _find(folder: Path) -> Path:
    for candidate in (folder, folder / MODEL_DATA):
        if (candidate / "model.npz").is_file():
            return candidate
    below = sorted(folder.glob("**/model.npz"), key=lambda path: (len(path.parts), path))
    if not below:
        raise ArtifactError(f"{folder}: holds no model.npz; it is no model of this emulator")
    return below[0].parent


def _read_weights(path: Path, config: Config) -> Weights:
    weights = _arrays(path)
    for name, shape in names(config):
        if name not in weights or weights[name].shape != shape:
            found = weights[name].shape if name in weights else "missing"
            raise ArtifactError(f"{path}: {name} should have the shape {shape}, it is {found}")
    return weights


def _arrays(path: Path) -> Weights:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def _write_weights(path: Path, weights: Mapping[str, Array], *, half: bool) -> None:
    kept = {name: _halved(array) if half else array for name, array in weights.items()}
    # As they are: to compress them takes as long as a short training, and they are hardly smaller then.
    np.savez(path, **kept)  # type: ignore[arg-type]  # numpy's stub takes no mapping


def _halved(array: Array) -> Array:
    largest = np.finfo(np.float16).max
    return np.clip(array, -largest, largest).astype(np.float16)


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
