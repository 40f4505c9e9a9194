"""Pipeline literals become typed hyperparameters; what the real script refuses is refused, all at once."""

import pytest

from azureml_emulator.stand_in_model.hyperparameters import Hyperparameters
from azureml_emulator.stand_in_model.report import NodeError


def test_literals_arrive_as_text_and_are_read() -> None:
    parameters = Hyperparameters.from_inputs(
        {
            "learning_rate": "5e-06",
            "apply_lora": "True",
            "merge_lora_weights": "false",
            "precision": "16",
            "num_train_epochs": "3",
            "lora_alpha": "64",
            "number_of_gpu_to_use_finetuning": "4",
            "num_nodes_finetune": "2",
            "compute_finetune": "gpu-cluster",
        }
    )
    assert parameters.learning_rate == 5e-6
    assert parameters.apply_lora is True
    assert parameters.merge_lora_weights is False
    assert parameters.precision == "16"
    assert parameters.num_train_epochs == 3
    assert parameters.devices == 8


def test_what_is_not_given_has_the_default_of_the_component() -> None:
    parameters = Hyperparameters.from_inputs({"max_steps": None})
    assert parameters == Hyperparameters()
    assert (parameters.learning_rate, parameters.lr_scheduler_type, parameters.optim) == (2e-5, "linear", "adamw_torch")
    assert (parameters.lora_r, parameters.lora_alpha, parameters.eval_steps, parameters.logging_steps) == (
        8,
        128,
        500,
        10,
    )


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"learning_rate": "0"}, "learning_rate should be greater than 0"),
        ({"learning_rate": "fast"}, "argument --learning_rate: invalid float value: 'fast'"),
        ({"learning_rate": "nan"}, "argument --learning_rate: invalid float value"),
        ({"apply_lora": "yes"}, "argument --apply_lora: invalid bool value: 'yes'"),
        ({"num_train_epochs": "1.5"}, "argument --num_train_epochs: invalid int value"),
        ({"num_train_epochs": "0"}, "num_train_epochs should be at least 1"),
        ({"optim": "sgd"}, "optim should be one of adamw_hf, adamw_torch, adafactor, it is 'sgd'"),
        ({"precision": "8"}, "precision should be one of 32, 16"),
        ({"lr_scheduler_type": "cosinus"}, "lr_scheduler_type should be one of linear, cosine"),
        ({"evaluation_strategy": "no"}, "evaluation_strategy should be one of epoch, steps, disable"),
        ({"lora_dropout": "1"}, r"lora_dropout should be in \[0, 1\)"),
        ({"metric_for_best_model": "f1"}, "chat completion computes only loss"),
        ({"apply_early_stopping": "true", "evaluation_strategy": "disable"}, "apply_early_stopping needs"),
        ({"apply_deepspeed": "true", "auto_find_batch_size": "true"}, "auto_find_batch_size is not supported"),
        ({"evaluation_strategy": "steps", "eval_steps": "0"}, "evaluation_strategy steps needs eval_steps"),
    ],
)
def test_what_the_real_script_refuses_is_refused(inputs: dict[str, str], text: str) -> None:
    with pytest.raises(NodeError, match=text) as failure:
        Hyperparameters.from_inputs(inputs)
    assert failure.value.code == "ACFTUserException"


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(NodeError, match=r"optim .*; learning_rate "):
        Hyperparameters.from_inputs({"learning_rate": "-1", "optim": "sgd"})


def test_hidden_matrices_and_adapters_learn_faster_by_the_ratio_of_the_widths() -> None:
    parameters = Hyperparameters()
    for name in ("layers.0.mlp.down_proj", "layers.1.self_attn.qkv_proj", "layers.0.self_attn.o_proj.lora_A"):
        assert parameters.rate_multiple(name, 96) == 32
        assert parameters.rate_multiple(name, 3072) == 1
    for name in ("embed_tokens", "norm", "layers.0.input_layernorm"):
        assert parameters.rate_multiple(name, 96) == 1
