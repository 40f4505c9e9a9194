"""Chat models of Phi-3's and Phi-4's architecture with some hundred thousand random weights, made without a download.

Both are `Phi3ForCausalLM`; they differ in special tokens and chat template. It runs in an environment of `make
parity-stack`, not in the project's own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONTEXT = 256
TEXT = ("How do I bake bread? Mix flour, water, salt and yeast, wait for an hour, and bake it.",) * 3


@dataclass(frozen=True)
class Family:
    """What tells the two apart: special tokens, the chat template, and what fine-tuning masks the user's turns by."""

    name: str
    special: tuple[str, ...]
    end: str
    template: str
    instruction: str
    response: str

    @property
    def finetune_config(self) -> dict[str, Any]:
        """As in a base model's finetune_config.json."""
        return {"chat_special_tokens": {"instruction_template": self.instruction, "response_template": self.response}}


PHI3 = Family(
    "Phi-3-mini-4k-instruct",
    ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    "<|end|>",
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}",
    "<|user|>",
    "<|assistant|>",
)
PHI4 = Family(
    "Phi-4",
    ("<|im_start|>", "<|im_sep|>", "<|im_end|>"),
    "<|im_end|>",
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '<|im_sep|>' + m['content'] + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}",
    "<|im_start|>user<|im_sep|>",
    "<|im_start|>assistant<|im_sep|>",
)
FAMILIES = {family.name: family for family in (PHI3, PHI4)}


def make(family: Family, folder: Path, context: int = CONTEXT) -> Path:
    """Save weights, configuration and tokenizer as a Hugging Face model; the same on every machine."""
    import torch
    from transformers import Phi3Config, Phi3ForCausalLM

    tokenizer = _tokenizer(family, context)
    torch.manual_seed(0)
    config = Phi3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=context,
        original_max_position_embeddings=context,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    Phi3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def convert(model: Path, folder: Path, inference: dict[str, Any]) -> Path:
    """The MLflow model that ft_nlp_model_converter makes of a fine-tuned one.

    `inference` is what preprocessing left for it (azureml_mlflow_inference_params.json). Source of the arguments:
    azureml-assets, finetune_acft_hf_nlp/src/model_converter/model_converter_adapters.py.
    """
    from azureml.evaluate.mlflow import hftransformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loaded = AutoModelForCausalLM.from_pretrained(model)
    tokenizer = AutoTokenizer.from_pretrained(model)
    about = {"task_type": "chat-completion", "train_label_list": None, **inference}
    environment = {"name": "parity", "dependencies": ["python=3.11"]}  # else the code looks for one among packages
    hftransformers.save_model(loaded, str(folder), tokenizer, loaded.config, about, conda_env=environment)
    return folder


def _tokenizer(family: Family, context: int) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<s>", *family.special]
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    how = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(TEXT, how)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(family.special),
        model_max_length=context,
        chat_template=family.template,
    )
