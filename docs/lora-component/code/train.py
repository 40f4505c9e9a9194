"""Fine-tunes a chat model with LoRA, and leaves an MLflow model: what component.yaml runs."""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STAND_IN = "STAND-IN.txt"  # in the folder of the emulator's model, which no library of Azure's images can load
WEIGHTS = Path("data") / "model"  # where the registry's MLflow models for chat keep what transformers loads


def main() -> None:
    """Train on what the command line names."""
    parser = argparse.ArgumentParser()
    for name in ("model", "train", "validation", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("values", nargs="+", metavar="NAME=VALUE")
    given = parser.parse_args()
    if (given.model / STAND_IN).is_file():
        sys.exit(rehearse(given))
    train(given, dict(text.split("=", 1) for text in given.values))


def rehearse(given: argparse.Namespace) -> int:
    """The same in the emulator, with its own small model."""
    files = [f"--{name}={getattr(given, name)}" for name in ("model", "train", "validation", "output")]
    program = [sys.executable, "-m", "azureml_emulator.stand_in_model.fine_tune"]
    return subprocess.run([*program, *files, "apply_lora=true", *given.values], check=False).returncode  # noqa: S603


def train(given: argparse.Namespace, values: Mapping[str, str]) -> None:
    """Train adapters, merge them, and put the weights in place of those of the base model."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        DataCollatorForLanguageModeling,
        Trainer,
        TrainingArguments,
    )

    tokens = AutoTokenizer.from_pretrained(_folder(given.model, "tokenizer"))
    tokens.pad_token = tokens.pad_token or tokens.eos_token
    base = AutoModelForCausalLM.from_pretrained(given.model / WEIGHTS, torch_dtype=torch.bfloat16)
    rank, alpha = int(values["lora_r"]), int(values["lora_alpha"])
    model = get_peft_model(
        base, LoraConfig(task_type="CAUSAL_LM", r=rank, lora_alpha=alpha, target_modules="all-linear")
    )
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir="checkpoints",
            num_train_epochs=int(values["num_train_epochs"]),
            learning_rate=float(values["learning_rate"]),
            per_device_train_batch_size=int(values["per_device_train_batch_size"]),
            seed=int(values["seed"]),
            eval_strategy="epoch",
            save_strategy="no",
            logging_steps=10,
            bf16=True,
            report_to=[],
        ),
        train_dataset=_encoded(given.train, tokens),
        eval_dataset=_encoded(given.validation, tokens),
        data_collator=DataCollatorForLanguageModeling(tokens, mlm=False),
        callbacks=[_logged()],
    )
    trainer.train()
    shutil.copytree(given.model, given.output, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors*"))
    model.merge_and_unload().save_pretrained(given.output / WEIGHTS)
    _say_where_from(given.output / "MLmodel")


def _folder(model: Path, name: str) -> Path:
    """A part of the base model; some versions keep all of them with the weights."""
    return model / "data" / name if (model / "data" / name).is_dir() else model / WEIGHTS


def _encoded(path: Path, tokens: Any) -> list[dict[str, Any]]:
    rows = [json.loads(line)["messages"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = [tokens.apply_chat_template(row, tokenize=False) for row in rows]
    return [dict(tokens(text, add_special_tokens=False, truncation=True, max_length=2048)) for text in texts]


def _logged() -> Any:
    """Hands every number of the trainer to MLflow: the gate reads `eval_loss` and `train_loss` there."""
    import mlflow
    from transformers import TrainerCallback

    class Logged(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:  # noqa: ARG002
            numbers = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
            mlflow.log_metrics(numbers, step=state.global_step)

    return Logged()


def _say_where_from(mlmodel: Path) -> None:
    """A model is registered only as what it is: `mlops register` reads that it was fine-tuned."""
    import yaml

    stated = yaml.safe_load(mlmodel.read_text(encoding="utf-8"))
    stated["metadata"] = {**(stated.get("metadata") or {}), "is_finetuned_model": True}
    mlmodel.write_text(yaml.safe_dump(stated), encoding="utf-8")


if __name__ == "__main__":
    main()
