"""`mlops models`: one row a base model, with its dates, the sizes that it allows here, and what is tested."""

from collections.abc import Mapping
from datetime import datetime

from mlops.flow.training.models import ModelsResult, OfferedModel
from mlops.render import Report, table

SIZES = 3  # named; how many more there are is said


def report(result: ModelsResult) -> Report:
    """For people."""
    columns = ("model", "version", "context", "licence", "fine-tuning ends", "serving ends", "sizes here", "note")
    usable = next((one for one in result.offered if one.usable and one.tested), None)
    pin = f'model.base: {usable.name} and model.version: "{usable.version}" can be trained today' if usable else ""
    return Report(
        f"Base models of {result.registry} for fine-tuning ({result.task})",
        (
            f"{result.looked_at} of {result.names} models were looked at; --match PART looks at others",
            f"sizes are those that the region {result.region} has",
            *(f"not read: {one}" for one in result.unread),
        ),
        tables=(table("", columns, [_row(one, result.component) for one in result.offered]),),
        next_step=pin,
    )


def outputs(result: ModelsResult) -> Mapping[str, str]:
    """The models that can be trained today, as name:version."""
    return {"usable": " ".join(f"{one.name}:{one.version}" for one in result.offered if one.usable)}


def _row(one: OfferedModel, component: str) -> tuple[str | int | None, ...]:
    named = [size.removeprefix("Standard_") for size in one.sizes_here]
    more = f" and {len(named) - SIZES} more" if len(named) > SIZES else ""
    notes = [
        "archived" if one.archived else "",
        f"tested with {', '.join(one.tested)}" if one.tested else "",
        "" if one.fits else f"{component} does not train it",
        "" if one.sizes_here or not one.sizes else f"this region has none of its {len(one.sizes)} sizes",
    ]
    ends = (_date(one.finetune_retirement), _date(one.inference_retirement))
    sizes = ", ".join(named[:SIZES]) + more
    return (one.name, one.version, one.context_length, one.licence, *ends, sizes, "; ".join(filter(None, notes)))


def _date(date: datetime | None) -> str:
    return f"{date:%Y-%m-%d}" if date else ""
