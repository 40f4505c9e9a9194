"""What a base model of the registry says about itself: fine-tuning support, allowed machines, defaults, retirement.

The same facts come in an older form (tags and properties, every value a string, lists as Python literals) and a newer
one (`system_metadata`); both are read here, in a fixed order. It must not call a service.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops.errors import Problem

LITERAL_LIMIT = 20_000  # characters; a tag is written by somebody else
TASK = "chat-completion"
SUCCESSOR = "Phi-4"
UNSUPPORTED_SIZES = frozenset({"standard_nc6", "standard_nc12", "standard_nc24", "standard_nc24r"})


@dataclass(frozen=True)
class MinimumSize:
    """The least machine that fits, as the registry writes it: `vCPU|GPU|RAM GB|disk GB`."""

    vcpus: int
    gpus: int
    memory_gb: int
    disk_gb: int

    @classmethod
    def parse(cls, text: str) -> "MinimumSize | None":
        """Read `24|1|220|64`; None when it has another form."""
        parts = text.split("|")
        return cls(*map(int, parts)) if len(parts) == 4 and all(part.isdecimal() for part in parts) else None


@dataclass(frozen=True)
class BaseModel:
    """A model version of a registry."""

    name: str
    version: str
    id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    system_metadata: Mapping[str, Any] = field(default_factory=dict)
    archived: bool = False

    def supports_fine_tuning(self) -> bool:
        """Whether it can be fine-tuned for chat completion."""
        tasks = self._newer("tasks", "fineTuningTasks")
        if isinstance(tasks, list):
            return TASK in tasks
        return TASK in [part.strip() for part in self.properties.get("finetuning-tasks", "").split(",")]

    def finetune_sizes(self) -> tuple[str, ...] | None:
        """VM sizes on which it may be fine-tuned; None when it names none."""
        return self._sizes(
            "finetune_compute_allow_list", "finetuneComputes", "finetune-recommended-sku", "finetuneRecommendedSkus"
        )

    def inference_sizes(self) -> tuple[str, ...] | None:
        """VM sizes on which it may be served; None when it names none."""
        return self._sizes(
            "inference_compute_allow_list", "inferenceComputes", "inference-recommended-sku", "inferenceRecommendedSkus"
        )

    def finetune_minimum(self) -> MinimumSize | None:
        """The least machine for fine-tuning."""
        text = self.properties.get("finetune-min-sku-spec") or self._newer("SKU", "finetuneMinSkuSpec") or ""
        return MinimumSize.parse(str(text))

    def inference_minimum(self) -> MinimumSize | None:
        """The least machine for serving."""
        text = self.properties.get("inference-min-sku-spec") or self._newer("SKU", "inferenceMinSkuSpec") or ""
        return MinimumSize.parse(str(text))

    def retired(self, now: datetime) -> datetime | None:
        """The date of its retirement from fine-tuning, if that is past."""
        text = self.tags.get("FinetuneRetirementDate") or self._newer("deprecation", "finetuneRetirementDate")
        date = parse_date(str(text)) if text else None
        return date if date is not None and date <= now else None

    def licence(self) -> str:
        """Its licence as the registry names it; empty when it names none."""
        return str(self.tags.get("license") or self.system_metadata.get("license") or "")

    def default_parameters(self) -> dict[str, str]:
        """`model_specific_defaults`, with bounds such as `learning_rate_min` left in. Raises ValueError."""
        text = self.tags.get("model_specific_defaults", "")
        if not text:
            return {}
        value = literal(text)
        if not isinstance(value, dict):
            raise ValueError(f"the tag model_specific_defaults of {self.name}:{self.version} is not a mapping")
        return {str(key): str(item) for key, item in value.items()}

    def _sizes(self, tag: str, newer: str, recommended: str, newer_recommended: str) -> tuple[str, ...] | None:
        if text := self.tags.get(tag):
            value = literal(text)
            if isinstance(value, list | tuple):
                return tuple(str(item) for item in value)
        found = self._newer("supportedComputes", newer) or self._newer("SKU", newer_recommended)
        if isinstance(found, list):
            return tuple(str(item) for item in found)
        if text := self.properties.get(recommended):
            return tuple(part.strip() for part in text.split(",") if part.strip())
        return None

    def _newer(self, block: str, key: str) -> Any:
        inner = self.system_metadata.get(block)
        return inner.get(key) if isinstance(inner, Mapping) else None


def literal(text: str) -> Any:
    """A Python literal from a tag, without running anything. Raises ValueError when it is none or is too long."""
    if len(text) > LITERAL_LIMIT:
        raise ValueError(f"longer than {LITERAL_LIMIT} characters")
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"not a literal: {text[:80]!r}") from error


def parse_date(text: str) -> datetime | None:
    """A date with or without time as the registry writes it, in UTC; None when it is neither."""
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def check_size(size: str, allowed: tuple[str, ...] | None, purpose: str, where: str) -> Problem | None:
    """Whether a VM size may be used for a purpose; names are compared without regard to case."""
    if allowed is not None:
        if size.lower() in {name.lower() for name in allowed}:
            return None
        return Problem(
            f"{size} is not on the base model's list for {purpose}", where, fix=f"use one of: {', '.join(allowed)}"
        )
    if size.lower() in UNSUPPORTED_SIZES:
        return Problem(f"{size} is known not to work for {purpose}", where, fix="use a size with an A100 or newer GPU")
    return None
