"""Base models that are known to be retired, for what is said without a look at the registry.

Source: the tags FinetuneRetirementDate of Azure/azureml-assets, assets/models/system, read in November 2026. With a
workspace at hand the registry's own dates count (`base_model.py`).
"""

from datetime import UTC, datetime

PHI_3 = datetime(2025, 8, 30, tzinfo=UTC)
_FAMILIES = {"phi-3-": PHI_3, "phi-3.5-": PHI_3, "llama-2-7b-chat": datetime(2025, 6, 30, tzinfo=UTC)}
CURRENT = "Phi-4"  # neither archived nor with a date, and offered to the fine-tuning pipeline


def retired_on(base: str) -> datetime | None:
    """The day of a base model's retirement from fine-tuning, if it is known to have one."""
    name = base.lower()
    return next((day for start, day in _FAMILIES.items() if name.startswith(start)), None)


def notices(base: str) -> tuple[str, ...]:
    """What is said of a base model whose day is known; nothing for another."""
    day = retired_on(base)
    if day is None:
        return ()
    return (f"model.base {base} was retired from fine-tuning on {day:%Y-%m-%d}; {CURRENT} can be trained today",)
