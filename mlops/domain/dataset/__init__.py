"""Training data: what a valid conversation is, and how prepared data is described.

It does no I/O and imports nothing heavy until data is really prepared.
"""

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
