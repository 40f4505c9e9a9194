"""What this machine remembers: that files were judged right, so that the same program need not judge them again.

It holds one small file for each project and kind of files, and only what was right. Whoever makes something of the
files, as `mlops prepare` does, judges them again. It must not know what is judged.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlops
from mlops import jsons

JUDGES = ("dataset", "domain")  # packages of this program that say what is right
PROGRAM = Path(mlops.__file__).parent


@dataclass(frozen=True)
class Remembered:
    """The place of one finding, and the digest of all that it depends on. Without a cache nothing is remembered."""

    place: Path | None
    digest: str

    @classmethod
    def of(cls, cache: Path | None, root: Path, kind: str, inputs: Iterable[bytes]) -> "Remembered":
        """What was found about a project's files of a kind; `inputs` are the files and how they are to be judged."""
        if cache is None:
            return cls(None, "")
        found = hashlib.sha256(mlops.__version__.encode())
        for part in (*_program(), *inputs):
            found.update(hashlib.sha256(part).digest())
        project = hashlib.sha256(str(root).encode()).hexdigest()[:16]
        return cls(cache / "judged" / f"{kind}-{project}.json", found.hexdigest())

    def recall(self) -> Any:
        """What was kept for the same inputs; None where nothing was."""
        if self.place is not None:
            with suppress(OSError, ValueError, KeyError, TypeError):
                stated = jsons.read(self.place.read_text(encoding="utf-8"))
                return stated["found"] if stated["digest"] == self.digest else None
        return None

    def keep(self, found: Any) -> None:
        """Remember it, in place of what was found before; a folder that cannot be written to remembers nothing."""
        if self.place is not None:
            with suppress(OSError):
                self.place.parent.mkdir(parents=True, exist_ok=True)
                written = self.place.with_suffix(f".{os.getpid()}")
                written.write_text(json.dumps({"digest": self.digest, "found": found}), encoding="utf-8")
                written.replace(self.place)


def _program() -> Iterator[bytes]:
    """What tells one version of the judges from another, in a checkout where somebody changes them, too."""
    open_folders = [str(PROGRAM / name) for name in JUDGES]
    while open_folders:
        with os.scandir(open_folders.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        open_folders.append(entry.path)
                elif entry.name.endswith(".py"):
                    seen = entry.stat()
                    yield f"{entry.path} {seen.st_mtime_ns} {seen.st_size}".encode()
