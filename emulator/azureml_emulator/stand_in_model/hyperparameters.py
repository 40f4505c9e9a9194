"""The fine-tuning inputs of the pipeline, read from their literals, and the checks of the real finetune.py.

It must not know data or the network, except for how a learning rate carries over from the real model to ours.

Rates carry over by width: under Adam the stable rate of hidden matrices goes with 1 / width (muP: Yang & Hu 2021,
"Tensor Programs V"), so a hidden matrix of our network learns at `learning_rate * 3072 / width`, 3072 being the width
of Phi-3-mini. Adapters change hidden matrices and have the same factor. Embeddings and norms learn at the nominal rate.
Source of names, defaults and checks: azureml-assets, chat_completion_pipeline 0.0.82 and src/finetune/finetune.py.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azureml_emulator.stand_in_model.network import PROJECTIONS
from azureml_emulator.stand_in_model.optimizer import OPTIMIZERS
from azureml_emulator.stand_in_model.report import USER, NodeError
from azureml_emulator.stand_in_model.schedule import SCHEDULES

REAL_WIDTH = 3072  # hidden_size in the config.json of microsoft/Phi-3-mini-4k-instruct
ADAPTERS = (".lora_A", ".lora_B")


@dataclass(frozen=True)
class Hyperparameters:
    """The component's inputs by their names and defaults; what the emulator has no use for is left out."""

    num_train_epochs: int = 1
    max_steps: int = -1
    per_device_train_batch_size: int = 1
    per_device_eval_batch_size: int = 1
    gradient_accumulation_steps: int = 1
    number_of_gpu_to_use_finetuning: int = 1
    num_nodes_finetune: int = 1
    auto_find_batch_size: bool = False
    optim: str = "adamw_torch"
    learning_rate: float = 2e-5
    lr_scheduler_type: str = "linear"
    warmup_steps: int = 0
    weight_decay: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    max_grad_norm: float = 1.0
    precision: str = "32"
    seed: int = 42
    apply_lora: bool = False
    merge_lora_weights: bool = True
    lora_r: int = 8
    lora_alpha: float = 128
    lora_dropout: float = 0.0
    evaluation_strategy: str = "epoch"
    evaluation_steps_interval: float = 0.0
    eval_steps: int = 500
    logging_strategy: str = "steps"
    logging_steps: int = 10
    save_total_limit: int = -1
    metric_for_best_model: str = "loss"
    apply_early_stopping: bool = False
    early_stopping_patience: int = 1
    early_stopping_threshold: float = 0.0
    apply_deepspeed: bool = False
    apply_ort: bool = False

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> "Hyperparameters":
        """Read the literals ("5e-06", "True", "16"); other inputs are passed over.

        Raises NodeError with every literal that cannot be read, or with every check of the real script that fails.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for field in dataclasses.fields(cls):
            if inputs.get(field.name) is not None:
                try:
                    values[field.name] = read_literal(field.name, inputs[field.name], type(field.default))
                except NodeError as error:
                    problems.append(error.message)
        if not problems:
            parameters = cls(**values)
            problems = parameters.problems()
        if problems:
            raise NodeError(USER, "; ".join(problems))
        return parameters

    @property
    def devices(self) -> int:
        """How many GPUs would work at once; each takes its own batch."""
        return self.number_of_gpu_to_use_finetuning * self.num_nodes_finetune

    def rate_multiple(self, name: str, width: int) -> float:
        """By how much the rate of a parameter differs from `learning_rate`, in a network of that width."""
        return REAL_WIDTH / width if name.endswith(PROJECTIONS + ADAPTERS) else 1.0

    def problems(self) -> list[str]:
        """Everything that the real script would refuse."""
        return [text for wrong, text in (*self._range_checks(), *self._rule_checks()) if wrong]

    def _range_checks(self) -> list[tuple[bool, str]]:
        at_least_one = (
            "num_train_epochs", "per_device_train_batch_size", "per_device_eval_batch_size", "logging_steps",
            "gradient_accumulation_steps", "number_of_gpu_to_use_finetuning", "num_nodes_finetune", "lora_r",
        )  # fmt: skip
        choices = {
            "optim": OPTIMIZERS,
            "lr_scheduler_type": tuple(SCHEDULES),
            "precision": ("32", "16"),
            "evaluation_strategy": ("epoch", "steps", "disable"),
            "logging_strategy": ("epoch", "steps"),
        }
        below = [
            (getattr(self, name) < 1, f"{name} should be at least 1, it is {getattr(self, name)}")
            for name in at_least_one
        ]
        unknown = [
            (
                getattr(self, name) not in allowed,
                f"{name} should be one of {', '.join(allowed)}, it is {getattr(self, name)!r}",
            )
            for name, allowed in choices.items()
        ]
        return below + unknown

    def _rule_checks(self) -> list[tuple[bool, str]]:
        return [
            (not self.learning_rate > 0, f"learning_rate should be greater than 0, it is {self.learning_rate}"),
            (not 0 <= self.lora_dropout < 1, f"lora_dropout should be in [0, 1), it is {self.lora_dropout}"),
            (
                self.apply_early_stopping and self.evaluation_strategy == "disable",
                "apply_early_stopping needs evaluation_strategy steps or epoch",
            ),
            (
                self.apply_deepspeed and self.auto_find_batch_size,
                "auto_find_batch_size is not supported together with apply_deepspeed; set one of them to false",
            ),
            (
                self.metric_for_best_model != "loss",
                f"metric_for_best_model {self.metric_for_best_model!r}: chat completion computes only loss",
            ),
            (
                self.evaluation_strategy == "steps" and self.eval_steps < 1 and self.evaluation_steps_interval <= 0,
                "evaluation_strategy steps needs eval_steps of at least 1 or evaluation_steps_interval above 0",
            ),
        ]


def read_literal(name: str, literal: Any, kind: type) -> Any:
    """Return the value of a pipeline literal, which arrives as a text. Raises NodeError in argparse's words."""
    text = str(literal).strip()
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        if kind is float:
            number = float(text)
            if not math.isfinite(number):
                raise ValueError(text)
            return number
        return kind(text)
    except (KeyError, ValueError) as error:
        raise NodeError(USER, f"argument --{name}: invalid {kind.__name__} value: {text!r}") from error
