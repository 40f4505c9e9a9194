"""What a base model of the registry says about itself: fine-tuning support, allowed machines, defaults, retirement.

The same facts come in an older form (tags and properties, every value a string, lists as Python literals) and a newer
one (`system_metadata`); both are read here, in a fixed order. It must not call a service.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlops.domain.machines import AllowList, MinimumSize
from mlops.domain.moments import parse_date

LITERAL_LIMIT = 20_000  # characters; a tag is written by somebody else
TASK = "chat-completion"
SUCCESSORS = {"phi-3": "Phi-4"}  # what a family's name begins with -> the model that took its place
CONTEXT = re.compile(r"-(\d+)k(?:-|$)")
RETIREMENT = "finetuneRetirementDate"


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

    def supports_fine_tuning(self, task: str = TASK) -> bool:
        """Whether it can be fine-tuned for a task."""
        tasks = self._newer("tasks", "fineTuningTasks")
        if isinstance(tasks, list):
            return task in tasks
        return task in [part.strip() for part in self.properties.get("finetuning-tasks", "").split(",")]

    def context_length(self) -> int | None:
        """How many tokens it reads at once: as the newer form says, or a name such as `-128k-`; None for unknown."""
        stated = self.system_metadata.get("textContextWindow")
        if isinstance(stated, int):
            return stated
        named = CONTEXT.search(self.name.lower())
        return int(named[1]) * 1024 if named else None

    def finetune_list(self) -> AllowList:
        """VM sizes on which it may be fine-tuned, with their source."""
        return self._list("finetune")

    def inference_sizes(self) -> tuple[str, ...] | None:
        """VM sizes on which it may be served; None when it names none."""
        return self._list("inference").sizes

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
        date = self.dates().get(RETIREMENT)
        return date if date is not None and date <= now else None

    def dates(self) -> dict[str, datetime]:
        """When it is to be legacy, deprecated and retired, for fine-tuning and inference, as far as it says.

        Keys are those of the newer form, such as `finetuneRetirementDate`; the older form begins with a capital.
        """
        newer = self.system_metadata.get("deprecation")
        stated: dict[str, Any] = {
            key[0].lower() + key[1:]: text
            for key, text in self.tags.items()
            if key.endswith("Date") and key[0].isupper()
        }
        stated |= newer if isinstance(newer, Mapping) else {}
        found = {key: parse_date(text) for key, text in stated.items()}
        return {key: date for key, date in found.items() if date is not None}

    def successor(self) -> str:
        """The model that took its place; empty when we know of none."""
        return next((new for old, new in SUCCESSORS.items() if self.name.lower().startswith(old)), "")

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

    def _list(self, purpose: str) -> AllowList:
        """Tags, then the newer form, then recommended sizes; an empty or unreadable place is passed over."""
        notes: list[str] = []
        tag = f"{purpose}_compute_allow_list"
        if text := self.tags.get(tag):
            try:
                if found := _names(literal(text)):
                    return AllowList(found, f"the tag {tag}")
            except ValueError as error:
                notes.append(f"the tag {tag} of {self.name}:{self.version} cannot be read: {error}")
        if found := _names(self._newer("supportedComputes", f"{purpose}Computes")):
            return AllowList(found, f"system_metadata.supportedComputes.{purpose}Computes", tuple(notes))
        if found := _names(self.properties.get(f"{purpose}-recommended-sku", "").split(",")):
            return AllowList(found, f"the property {purpose}-recommended-sku", tuple(notes))
        if found := _names(self._newer("SKU", f"{purpose}RecommendedSkus")):
            return AllowList(found, f"system_metadata.SKU.{purpose}RecommendedSkus", tuple(notes))
        return AllowList(None, "the model names none", tuple(notes))

    def _newer(self, block: str, key: str) -> Any:
        inner = self.system_metadata.get(block)
        return inner.get(key) if isinstance(inner, Mapping) else None


def _names(value: Any) -> tuple[str, ...]:
    """The names of a list, or of a text with commas; empty when it is neither."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        return ()
    return tuple(name for item in items if (name := str(item).strip()))


def literal(text: str) -> Any:
    """A Python literal from a tag, without running anything. Raises ValueError when it is none or is too long."""
    if len(text) > LITERAL_LIMIT:
        raise ValueError(f"longer than {LITERAL_LIMIT} characters")
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"not a literal: {text[:80]!r}") from error
