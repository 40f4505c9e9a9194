"""Preprocessing and fine-tuning as the component's own code does them, on files that `mlops prepare` made.

The scripts around it (azureml-assets, finetune_acft_hf_nlp/src) only read a command line; what they hand on is here.
"""

import json
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.parity.expectation import Case, observe
from tests.parity.tiny import Family

TASK = "ChatCompletion"
STEPS = 4
SPLITS = ("train", "validation", "test")
INFERENCE = "azureml_mlflow_inference_params.json"


def train(family: Family, base: Path, data: Path, work: Path) -> tuple[list[Case], dict[str, Any], Path]:
    """Both steps on one base model; what came of each, some facts, and the folder of the trained weights."""
    made, trained = work / "preprocessed", work / "pytorch"
    cases = [observe("preprocess", {"files": list(SPLITS)}, lambda: preprocess(family, base, data, made))]
    facts = {"tokens": stated(made, "finetune_tokens"), "inference": inference(made)}
    if cases[0].accepted:
        asked = {"max_steps": STEPS, "apply_lora": True}
        cases += [
            observe("finetune", {**asked, "lora_algo": "peft"}, lambda: tune(base, made, trained)),
            observe(
                "finetune, LoRA of acft",
                {**asked, "lora_algo": "custom"},
                lambda: tune(base, made, work / "custom", "custom"),
            ),
        ]
        facts["metrics"] = _metrics(trained)
    return cases, facts, trained


def broken(family: Family, base: Path, work: Path) -> list[Case]:
    """Training files that are wrong in a way that people meet."""
    good = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    kinds: dict[str, Callable[[int], dict[str, Any]]] = {
        "fine": lambda _: {"messages": good},
        "no column messages": lambda _: {"text": "Hello"},
        "no assistant": lambda _: {"messages": [good[0], good[0]]},
        "one turn each": lambda _: {"messages": good[:1]},
        "a role of its own": lambda _: {"messages": [good[0], {"role": "bot", "content": "Hi"}]},
        "content is a number": lambda row: {"messages": [good[0], {"role": "assistant", "content": row}]},
    }
    return [_with_rows(name, make, 12, family, base, work) for name, make in kinds.items()] + [
        _with_rows("nine rows", kinds["fine"], 9, family, base, work)
    ]


def without_onnx() -> None:
    """Stand in for ONNX Runtime's trainers: the component switches them off, and needs the import only.

    The releases that have them do not import with every torch and transformers that is used here.
    """
    from transformers import Seq2SeqTrainer, Trainer, TrainingArguments

    module: Any = ModuleType("optimum.onnxruntime")
    module.ORTTrainer, module.ORTSeq2SeqTrainer, module.ORTTrainingArguments = (
        Trainer,
        Seq2SeqTrainer,
        TrainingArguments,
    )
    sys.modules["optimum.onnxruntime"] = module


def _with_rows(
    name: str, make: Callable[[int], dict[str, Any]], rows: int, family: Family, base: Path, work: Path
) -> Case:
    folder = work / name.replace(" ", "-")
    folder.mkdir(parents=True)
    text = "".join(f"{json.dumps(make(row))}\n" for row in range(rows))
    for split in SPLITS:
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
    return observe(name, make(0) | {"rows": rows}, lambda: preprocess(family, base, folder, folder / "out"))


def preprocess(family: Family, base: Path, data: Path, made: Path) -> list[str]:
    """Tokenize `train.jsonl`, `validation.jsonl` and `test.jsonl` of a folder as the component does."""
    from azureml.acft.contrib.hf.nlp.task_factory import get_task_runner

    made.mkdir(parents=True)
    paths = {f"{split}_data_path": str(data / f"{split}.jsonl") for split in SPLITS}
    files = {f"{split}_file_path": str(data / f"{split}.jsonl") for split in SPLITS}
    tables = dict.fromkeys([f"{split}_mltable_path" for split in SPLITS])
    slices = dict.fromkeys([f"{split}_slice" for split in SPLITS], "train")
    arguments = Namespace(
        task_name=TASK,
        output_dir=str(made),
        model_name=base.name,
        model_name_or_path=str(base),
        model_asset_id="",
        model_selector_output=str(base.parent),
        skip_test_data_processing=True,
        enable_long_range_text=True,
        num_train_epochs=1,
        finetune_config=family.finetune_config,
        **paths,
        **files,
        **tables,
        **slices,
    )
    get_task_runner(task_name=TASK)().run_preprocess_for_finetune(arguments, [])
    shutil.copy(base / "config.json", made)  # as the script around it does, for the tokenizer to be found
    return sorted(path.name for path in made.iterdir() if path.is_file())


def tune(base: Path, made: Path, trained: Path, lora_algo: str = "peft", **changed: Any) -> list[str]:
    """Fine-tune as the component's script does; `changed` are other values of its arguments."""
    from azureml.acft.contrib.hf.nlp.tasks.chat_completion.finetune.finetune import ChatCompletionFinetune

    trained.mkdir()
    handed = json.loads((made / "preprocess_args.json").read_text(encoding="utf-8"))
    every = {"eval_strategy": "steps", "eval_steps": 2, "save_strategy": "steps", "save_steps": 2}
    lora = {"apply_lora": True, "lora_algo": lora_algo, "lora_alpha": 16, "lora_r": 4, "lora_dropout": 0.0}
    targets = {"lora_target_modules": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]}  # of finetune_config.json
    off = [
        "ignore_mismatched_sizes",
        "resume_from_checkpoint",
        "finetune_in_8bit",
        "finetune_in_4bit",
        "apply_ort",
        "apply_deepspeed",
        "apply_early_stopping",
        "gradient_checkpointing",
    ]
    given = {
        **handed,
        **every,
        **lora,
        **targets,
        **dict.fromkeys(off, False),
        "merge_lora_weights": True,
        "preprocess_output": str(made),
        "pytorch_model_folder": str(trained),
        "output_dir": str(trained),
        "model_selector_output": str(base.parent),
        "model_name": base.name,
        "model_name_or_path": str(base),
        "max_steps": STEPS,
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "learning_rate": 1e-3,
        "evaluation_steps_interval": 0.0,
        "logging_strategy": "steps",
        "logging_steps": 1,
        "seed": 42,
        "save_total_limit": 1,
        "model_metadata": {},
        **changed,
    }
    ChatCompletionFinetune(given).finetune()
    return sorted(path.name for path in trained.iterdir() if path.is_file())


def _metrics(trained: Path) -> list[str]:
    """The names in the trainer's log, which the component's callback hands on to the run."""
    states = sorted(trained.rglob("trainer_state.json"))
    logged = json.loads(states[-1].read_text(encoding="utf-8"))["log_history"] if states else []
    return sorted({name for entry in logged for name in entry if name != "step"})


def inference(made: Path) -> Any:
    """What preprocessing left for the MLflow model."""
    path = made / INFERENCE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def stated(made: Path, name: str) -> Any:
    """A value that preprocessing hands on to fine-tuning."""
    path = made / "preprocess_args.json"
    return json.loads(path.read_text(encoding="utf-8")).get(name) if path.is_file() else None
