"""Training data: what a valid conversation is, and how prepared data is described.

It does no I/O. What is named here is imported when it is first asked for: most verbs ask for none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops.domain.dataset.manifest import FILES, FileEntry, Manifest, SourceEntry, source_tags
    from mlops.domain.dataset.recipe import PREPARATION_VERSION, recipe_digest
    from mlops.domain.dataset.rows import Input, Part, Reason, Source
    from mlops.domain.dataset.sampling import MANIFEST, REJECTED, SHAPE_COLUMNS, conversations, lengths, sample, shape
    from mlops.domain.dataset.validate import prompt_digest

__all__ = [
    "FILES",
    "MANIFEST",
    "PREPARATION_VERSION",
    "REJECTED",
    "SHAPE_COLUMNS",
    "FileEntry",
    "Input",
    "Manifest",
    "Part",
    "Reason",
    "Source",
    "SourceEntry",
    "conversations",
    "lengths",
    "prompt_digest",
    "recipe_digest",
    "sample",
    "shape",
    "source_tags",
]
PLACES = {
    "manifest": ("FILES", "FileEntry", "Manifest", "SourceEntry", "source_tags"),
    "recipe": ("PREPARATION_VERSION", "recipe_digest"),
    "rows": ("Input", "Part", "Reason", "Source"),
    "sampling": ("MANIFEST", "REJECTED", "SHAPE_COLUMNS", "conversations", "lengths", "sample", "shape"),
    "validate": ("prompt_digest",),
}


def __getattr__(name: str) -> Any:
    """What a name of `__all__` stands for."""
    for place, names in PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
