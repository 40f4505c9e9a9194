"""Model folders: what is written is read back, damaged ones are refused, the shipped base is small and loads fast."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from azureml_emulator.stand_in_model import artifact, mlflow_model, model_folder
from azureml_emulator.stand_in_model.lora import Lora, LoraConfig
from azureml_emulator.stand_in_model.network import fresh_weights

BASE = artifact.load_base()


def _adapter() -> Lora:
    rng = np.random.default_rng(0)
    adapter = Lora.fresh(LoraConfig(4, 16), BASE.weights, rng)
    for array in adapter.weights.values():
        array[...] = rng.standard_normal(array.shape) * 0.01
    return adapter


def _save(folder: Path, **more: object) -> None:
    options: dict[str, object] = {"details": {"base_model_name": "Phi"}, "half": False, **more}
    artifact.save(folder, BASE.config, BASE.weights, BASE.tokenizer, **options)  # type: ignore[arg-type]


def test_a_model_comes_back_as_it_was_written(tmp_path: Path) -> None:
    _save(tmp_path)
    model = artifact.load(tmp_path)
    assert model.config == BASE.config
    assert model.details["base_model_name"] == "Phi"
    assert model.tokenizer.merges == BASE.tokenizer.merges
    assert all(np.array_equal(model.weights[name], array) for name, array in BASE.weights.items())


def test_half_precision_is_half_as_big_and_nearly_the_same(tmp_path: Path) -> None:
    weights = fresh_weights(BASE.config, 0)
    artifact.save(tmp_path / "a", BASE.config, weights, BASE.tokenizer, details={}, half=False)
    artifact.save(tmp_path / "b", BASE.config, weights, BASE.tokenizer, details={}, half=True)
    sizes = [(tmp_path / name / "model.npz").stat().st_size for name in "ab"]
    assert sizes[1] < 0.6 * sizes[0]
    assert all(
        np.allclose(array, weights[name], atol=2e-3) for name, array in artifact.load(tmp_path / "b").weights.items()
    )


def test_an_adapter_kept_apart_is_merged_when_the_model_is_loaded(tmp_path: Path) -> None:
    adapter = _adapter()
    _save(tmp_path, adapter=adapter)
    loaded = artifact.load(tmp_path).weights
    merged = adapter.merged(BASE.weights)
    assert all(np.allclose(loaded[name], merged[name], atol=1e-6) for name in merged)
    assert not np.allclose(loaded["layers.0.mlp.down_proj"], BASE.weights["layers.0.mlp.down_proj"], atol=1e-4)


@pytest.mark.parametrize("below", [".", "data/model", "mlflow_model_folder/data/model"])
def test_a_model_is_found_where_a_download_puts_it(below: str, tmp_path: Path) -> None:
    _save(tmp_path / below)
    assert artifact.load(tmp_path).config == BASE.config


def test_a_folder_without_a_model_or_with_a_damaged_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(model_folder.ArtifactError, match=r"holds no model\.npz"):
        artifact.load(tmp_path)
    weights = dict(BASE.weights)
    del weights["norm"]
    artifact.save(tmp_path / "a", BASE.config, weights, BASE.tokenizer, details={}, half=True)
    with pytest.raises(model_folder.ArtifactError, match="norm should have the shape"):
        artifact.load(tmp_path / "a")
    _save(tmp_path / "b")
    (tmp_path / "b" / "model.npz").write_bytes(b"no zip")
    with pytest.raises(model_folder.ArtifactError, match="no model of this emulator"):
        artifact.load(tmp_path / "b")


def test_pickled_weights_are_never_loaded(tmp_path: Path) -> None:
    _save(tmp_path)
    np.savez(tmp_path / "model.npz", embed_tokens=np.array([{"a": 1}], dtype=object))
    with pytest.raises(model_folder.ArtifactError, match="allow_pickle"):
        artifact.load(tmp_path)


def test_the_mlflow_folder_says_what_it_is(tmp_path: Path) -> None:
    _save(tmp_path / "data" / "model")
    mlflow_model.write(tmp_path, base_model_name="Phi-3-mini-4k-instruct", base_model_asset_id="azureml://x")
    document = yaml.safe_load((tmp_path / "MLmodel").read_text())
    flavor = document["flavors"]["hftransformersv2"]
    assert (flavor["task_type"], flavor["hf_pretrained_class"]) == ("chat-completion", "AutoModelForCausalLM")
    assert document["metadata"]["is_finetuned_model"] is document["metadata"]["is_acft_model"] is True
    assert document["metadata"]["finetuning_task"] == "ChatCompletion"
    assert document["metadata"]["base_model_asset_id"] == "azureml://x"
    assert "signature" not in document
    assert "small stand-in" in (tmp_path / "STAND-IN.txt").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {
        "MLmodel",
        "STAND-IN.txt",
        "conda.yaml",
        "data",
        "requirements.txt",
    }


def test_the_shipped_base_is_small() -> None:
    assert sum(path.stat().st_size for path in model_folder.BASE_FOLDER.iterdir()) < 900_000
