"""Data prepared in a folder of its own that is gone again, with all that the files held."""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops.dataset import Options, prepare
from mlops.domain.dataset import FILES, MANIFEST, REJECTED, Input, Manifest
from mlops.errors import Problem


@dataclass(frozen=True)
class Prepared:
    """The three files (name -> bytes), the manifest, the warnings, and each line of the rejected rows."""

    files: Mapping[str, bytes]
    manifest: Manifest
    warnings: Sequence[Problem]
    rejections: Sequence[dict[str, Any]]


def prepared(inputs: Sequence[Input], curated: Iterable[tuple[str, bytes]], options: Options) -> Prepared:
    """Prepare, and read everything that was written."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = prepare(inputs, curated, options, folder)
        assert {path.name for path in folder.iterdir()} == {*FILES.values(), MANIFEST, REJECTED}
        files = {file: path.read_bytes() for file, path in done.files.items()}
        rejected = [json.loads(line) for line in (folder / REJECTED).read_text(encoding="utf-8").splitlines()]
        assert Manifest.from_json((folder / MANIFEST).read_bytes()) == done.manifest
        return Prepared(files, done.manifest, done.warnings, rejected)
