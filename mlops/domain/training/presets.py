"""Base models that are tested here, each with the component version and parameters that fit it.

A name that people say stands for one of them; what the registry does not offer for fine-tuning is answered with one
that it does.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """A base model and how it is trained. `retired` is the day of its retirement from fine-tuning, empty for none."""

    short: str
    base: str
    version: str
    component_version: str
    instance_type: str
    parameters: Mapping[str, str | int | float] = field(default_factory=dict)
    retired: str = ""


_SIZE = "Standard_NC24ads_A100_v4"
_LORA: Mapping[str, str | int | float] = {
    "num_train_epochs": 1,
    "learning_rate": 5.0e-6,
    "apply_lora": "true",
    "lora_r": 8,
    "lora_alpha": 128,
    "precision": "16",
    "seed": 42,
}
PRESETS = (
    Preset("phi-4", "Phi-4", "8", "0.0.82", _SIZE, _LORA),
    Preset("phi-3-mini", "Phi-3-mini-4k-instruct", "15", "0.0.82", _SIZE, _LORA, "2025-08-30"),
)
DEFAULT = PRESETS[0]
# Models that people ask for and that the registry's source does not offer to the fine-tuning pipeline.
NOT_OFFERED = {"phi-4-mini": "Phi-4-mini-instruct", "phi-4-mini-instruct": "Phi-4-mini-instruct"}


def find(name: str) -> Preset | None:
    """The preset of a name, by its short or its full one."""
    return next((one for one in PRESETS if name.lower() in (one.short, one.base.lower())), None)


def nearest(name: str) -> str:
    """What was perhaps meant; empty where nothing is near."""
    names = [one.short for one in PRESETS]
    return next(iter(difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)), "")


def is_tested(base: str, version: str) -> bool:
    """Whether this version of a base model is one that is tested here."""
    return any((one.base, one.version) == (base, version) for one in PRESETS)
