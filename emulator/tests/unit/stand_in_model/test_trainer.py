"""Fine-tuning really learns, is repeatable, and says what Hugging Face's Trainer says, when it says it."""

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from azureml_emulator.stand_in_model import artifact
from azureml_emulator.stand_in_model.checkpoints import Checkpoints
from azureml_emulator.stand_in_model.hyperparameters import Hyperparameters
from azureml_emulator.stand_in_model.network import Network
from azureml_emulator.stand_in_model.preprocess import Row, batch_of
from azureml_emulator.stand_in_model.trainer import Result, Trainer

DEFAULTS = {
    "learning_rate": "5e-06", "apply_lora": "true", "lora_r": "8", "lora_alpha": "128", "num_train_epochs": "1",
    "lr_scheduler_type": "cosine", "precision": "16", "logging_steps": "10", "save_total_limit": "1",
}  # fmt: skip
EVAL_NAMES = {"eval_loss", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second", "epoch"}
END_NAMES = {
    "train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos", "train_loss", "epoch",
}  # fmt: skip


class Recorder:
    """A reporter that keeps everything."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.metrics: list[tuple[str, float, int | None]] = []

    def log(self, line: str) -> None:
        self.lines.append(line)

    def metric(self, name: str, value: float, step: int | None) -> None:
        self.metrics.append((name, value, step))

    def property(self, name: str, value: str) -> None:
        raise AssertionError(f"the node sets the properties: {name} {value}")

    def values(self, name: str) -> list[float]:
        return [value for known, value, _ in self.metrics if known == name]

    def steps(self, name: str) -> list[int | None]:
        return [step for known, _, step in self.metrics if known == name]


@cache
def _base() -> artifact.StandInModel:
    return artifact.load_base()


@cache
def _rows(start: int, count: int) -> Sequence[Row]:
    things = ("badge", "laptop", "desk", "printer", "token", "room", "car", "key")
    verbs = ("book", "return", "replace", "cancel", "report", "find", "lend")
    rows = []
    for n in range(start, start + count):
        verb, thing = verbs[n % len(verbs)], things[n % len(things)]
        messages = [
            {"role": "user", "content": f"How do I {verb} a {thing}?"},
            {"role": "assistant", "content": f"Open the service page, choose {thing}, and press {verb}."},
        ]
        rows.append(Row(*_base().tokenizer.encode_chat(messages)))
    return rows


def _run(
    folder: Path, rows: Sequence[Row] | None = None, validation: Sequence[Row] | None = None, **inputs: Any
) -> tuple[Result, Recorder]:
    parameters = Hyperparameters.from_inputs({**DEFAULTS, **inputs})
    recorder, base = Recorder(), _base()
    trainer = Trainer(
        base.config, base.weights, parameters,
        train=rows or _rows(0, 24), validation=validation or _rows(40, 6),
        reporter=recorder, checkpoints=Checkpoints(folder, parameters.save_total_limit),
    )  # fmt: skip
    return trainer.run(), recorder


@cache
def _base_loss() -> float:
    network = Network(_base().config, _base().weights)
    return float(np.mean([network.losses(batch_of([row])).mean() for row in _rows(40, 6)]))


def test_the_default_rate_of_the_real_model_makes_the_loss_lower(tmp_path: Path) -> None:
    result, _ = _run(tmp_path)
    assert result.best_loss is not None
    assert result.best_loss < _base_loss() - 0.1


def test_more_epochs_learn_more_and_all_weights_learn_too(tmp_path: Path) -> None:
    one, three = (_run(tmp_path / n, num_train_epochs=n)[0].best_loss for n in ("1", "3"))
    whole, _ = _run(tmp_path / "whole", apply_lora="false")
    assert one is not None
    assert three is not None
    assert whole.best_loss is not None
    assert three < one
    assert whole.best_loss < _base_loss() - 0.1


@pytest.mark.parametrize("apply_lora", ["true", "false"])
def test_an_absurd_rate_does_clearly_worse_than_the_base(apply_lora: str, tmp_path: Path) -> None:
    result, recorder = _run(tmp_path, learning_rate="10.0", apply_lora=apply_lora)
    losses = recorder.values("eval_loss")
    assert not losses or losses[-1] > _base_loss() + 1
    assert result.best_loss is None or result.best_loss > _base_loss() + 1


def test_one_seed_gives_one_model_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (
        _run(tmp_path / str(n), seed=seed, lora_dropout="0.1")[0] for n, seed in enumerate((1, 1, 2))
    )
    assert first.adapter
    assert again.adapter
    assert other.adapter
    for name, array in first.adapter.weights.items():
        assert np.array_equal(array, again.adapter.weights[name])
    assert first.best_loss == again.best_loss != other.best_loss


def test_lora_leaves_the_base_and_trains_every_adapter(tmp_path: Path) -> None:
    result, _ = _run(tmp_path)
    assert result.adapter
    assert all(np.array_equal(array, _base().weights[name]) for name, array in result.weights.items())
    assert all(np.any(array) for name, array in result.adapter.weights.items() if name.endswith("lora_B"))


def test_full_training_changes_every_weight_and_not_the_base_given(tmp_path: Path) -> None:
    before = {name: array.copy() for name, array in _base().weights.items()}
    result, _ = _run(tmp_path, apply_lora="false")
    assert result.adapter is None
    assert all(not np.array_equal(array, before[name]) for name, array in result.weights.items())
    assert all(np.array_equal(array, before[name]) for name, array in _base().weights.items())


def test_metrics_have_the_names_and_cadence_of_the_real_component(tmp_path: Path) -> None:
    _, recorder = _run(tmp_path, num_train_epochs="2")
    assert recorder.steps("loss") == recorder.steps("grad_norm") == recorder.steps("learning_rate") == [10, 20, 30, 40]
    assert recorder.steps("eval_loss") == [24, 48]
    assert recorder.values("checkpoint_save_step") == [24, 48]
    assert {name for name, _, step in recorder.metrics if step == 24} == EVAL_NAMES | {"checkpoint_save_step"}
    assert {name for name, _, step in recorder.metrics if step == 48} >= END_NAMES
    assert recorder.values("epoch")[-1] == 2
    assert recorder.values("learning_rate")[0] == pytest.approx(5e-6 * 0.5 * (1 + math.cos(math.pi * 10 / 48)))
    assert recorder.values("loss")[-1] < recorder.values("loss")[0]


def test_by_epoch_metrics_have_no_step(tmp_path: Path) -> None:
    _, recorder = _run(tmp_path, num_train_epochs="2", logging_strategy="epoch")
    assert recorder.steps("loss") == recorder.steps("eval_loss") == [None, None]


def test_evaluation_by_steps_by_share_of_an_epoch_or_not_at_all(tmp_path: Path) -> None:
    by_steps = _run(tmp_path / "a", evaluation_strategy="steps", eval_steps="7")[1]
    assert by_steps.steps("eval_loss") == [7, 14, 21]
    by_share = _run(tmp_path / "b", evaluation_strategy="steps", evaluation_steps_interval="0.5")[1]
    assert by_share.steps("eval_loss") == [12, 24]
    result, never = _run(tmp_path / "c", evaluation_strategy="disable")
    assert never.values("eval_loss") == never.values("checkpoint_save_step") == []
    assert result.best_loss is None


@pytest.mark.parametrize(
    ("inputs", "steps"),
    [
        ({"max_steps": "5"}, 5),
        ({"max_steps": "30"}, 30),
        ({"per_device_train_batch_size": "4"}, 6),
        ({"gradient_accumulation_steps": "5"}, 5),
        ({"number_of_gpu_to_use_finetuning": "2", "num_nodes_finetune": "2"}, 6),
        (
            {
                "per_device_train_batch_size": "2",
                "number_of_gpu_to_use_finetuning": "2",
                "gradient_accumulation_steps": "3",
            },
            2,
        ),
    ],
)
def test_steps_follow_from_batches_devices_accumulation_and_max_steps(
    inputs: dict[str, Any], steps: int, tmp_path: Path
) -> None:
    result, recorder = _run(tmp_path, **inputs)
    assert result.steps == steps
    assert recorder.steps("eval_loss")[-1] == recorder.steps("train_loss")[-1] == steps


def test_accumulated_batches_make_the_same_update_as_one_big_batch(tmp_path: Path) -> None:
    big, _ = _run(tmp_path / "a", per_device_train_batch_size="8")
    accumulated, _ = _run(tmp_path / "b", gradient_accumulation_steps="8")
    assert big.best_loss == pytest.approx(accumulated.best_loss, rel=1e-4)


def test_early_stopping_ends_a_run_that_gets_worse_and_the_best_weights_are_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [Row([int(n) for n in rng.integers(0, 1024, 60)], [True] * 60) for _ in range(24)]
    inputs: dict[str, Any] = {"learning_rate": "1e-4", "evaluation_strategy": "steps", "eval_steps": "2"}
    result, recorder = _run(tmp_path, noise, apply_early_stopping="true", early_stopping_patience="2", **inputs)
    losses = recorder.values("eval_loss")
    assert result.steps == 2 * len(losses) < 24
    assert result.best_loss == min(losses) < losses[-1]
    assert result.adapter
    kept = Network(_base().config, result.adapter.merged(result.weights))
    best = np.mean([kept.losses(batch_of([row])).mean() for row in _rows(40, 6)])
    assert best == pytest.approx(min(losses), rel=1e-5)


def test_an_improvement_below_the_threshold_is_none(tmp_path: Path) -> None:
    inputs: dict[str, Any] = {"apply_early_stopping": "true", "early_stopping_patience": "3", "eval_steps": "2"}
    result, _ = _run(tmp_path, evaluation_strategy="steps", early_stopping_threshold="100", **inputs)
    assert result.steps == 8


def test_what_is_not_a_number_is_not_logged(tmp_path: Path) -> None:
    _, recorder = _run(tmp_path, learning_rate="1e30", apply_lora="false")
    assert recorder.metrics
    assert all(math.isfinite(value) for _, value, _ in recorder.metrics)
    assert recorder.values("eval_loss") == []
    assert recorder.values("eval_runtime")


def test_checkpoints_are_limited_and_the_best_stays(tmp_path: Path) -> None:
    inputs: dict[str, Any] = {"evaluation_strategy": "steps", "eval_steps": "4", "logging_steps": "2"}
    _run(tmp_path / "one", **inputs)
    kept = [path.name for path in (tmp_path / "one").iterdir()]
    assert kept == ["checkpoint-24"]
    state = json.loads((tmp_path / "one" / "checkpoint-24" / "trainer_state.json").read_text())
    assert state["global_step"] == 24
    assert state["best_model_checkpoint"] == "checkpoint-24"
    assert [entry["step"] for entry in state["log_history"] if "eval_loss" in entry] == [4, 8, 12, 16, 20, 24]
    _run(tmp_path / "all", save_total_limit="-1", **inputs)
    assert len(list((tmp_path / "all").iterdir())) == 6


def test_adafactor_learns_too(tmp_path: Path) -> None:
    result, _ = _run(tmp_path, optim="adafactor")
    assert result.best_loss is not None
    assert result.best_loss < _base_loss() - 0.1
