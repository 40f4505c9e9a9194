"""Data preparation: from rows of a public dataset and the team's own conversations to three files and a manifest.

It does no I/O and imports nothing heavy until data is really prepared.
"""

from mlops.domain.dataset.look import (
    MANIFEST,
    REJECTED,
    SHAPE_COLUMNS,
    conversations,
    lengths,
    rejected_lines,
    sample,
    shape,
)
from mlops.domain.dataset.manifest import FILES, FileEntry, Manifest, SourceEntry, source_tags
from mlops.domain.dataset.prepare import MINIMUM_TRAIN_ROWS, Options, Prepared, check, prepare
from mlops.domain.dataset.recipe import PREPARATION_VERSION, recipe_digest
from mlops.domain.dataset.rows import Input, Reason, Rejection, Source
from mlops.domain.dataset.validate import prompt_digest

__all__ = [
    "FILES",
    "MANIFEST",
    "MINIMUM_TRAIN_ROWS",
    "PREPARATION_VERSION",
    "REJECTED",
    "SHAPE_COLUMNS",
    "FileEntry",
    "Input",
    "Manifest",
    "Options",
    "Prepared",
    "Reason",
    "Rejection",
    "Source",
    "SourceEntry",
    "check",
    "conversations",
    "lengths",
    "prepare",
    "prompt_digest",
    "recipe_digest",
    "rejected_lines",
    "sample",
    "shape",
    "source_tags",
]
