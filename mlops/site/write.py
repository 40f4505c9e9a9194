"""Writes the site into a folder: first beside it and then in its place, so that a reader never sees half of one."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops.errors import BadInput, Problem
from mlops.flow.release.site import SiteResult
from mlops.site.pages import front, pages

MARK = "data.json"  # a folder that has it is a site of ours, and may be replaced


@dataclass(frozen=True)
class WrittenSite:
    """Where the site is, how many files of how many bytes it has, and how many models it shows and leaves out."""

    path: str
    files: int
    bytes: int
    models: int
    left_out: int


def write_front(models: Sequence[str], out: Path) -> None:
    """The page above the sites of several models, each in a folder of its name. Raises BadInput as `write`."""
    _refuse_others(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in front(models):
            (out / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(Problem(f"the site cannot be written to {out}", why=str(error))) from None


def write(result: SiteResult, out: Path) -> WrittenSite:
    """Write every page. Raises BadInput for a folder with other things in it, and where the disk refuses."""
    _refuse_others(out)
    new = out.with_name(f"{out.name}.new")
    files = size = 0
    try:
        shutil.rmtree(new, ignore_errors=True)
        for path, text in pages(result):
            target = new / path
            target.parent.mkdir(parents=True, exist_ok=True)
            size += target.write_bytes(text.encode("utf-8"))
            files += 1
        shutil.rmtree(out, ignore_errors=True)
        new.rename(out)
    except OSError as error:
        raise BadInput(Problem(f"the site cannot be written to {out}", why=str(error))) from None
    return WrittenSite(str(out), files, size, len(result.models), result.left_out)


def _refuse_others(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        why = "it holds other files, which writing the site would replace"
        raise BadInput(Problem(f"{out} is no site", why=why, fix="name a new or empty folder with --out"))
