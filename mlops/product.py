"""Where this program's own workflows lie, and which commit of which repository it is: what a team's workflows pin.

A checkout holds them beside the package; a wheel carries them inside, so that a team rehearses without a checkout.
"""

import re
from importlib import metadata
from pathlib import Path

import mlops
from mlops import history, jsons
from mlops.domain.repository.pin import Pin

_CHECKOUT = Path(mlops.__file__).resolve().parents[1]
_INSIDE = Path(mlops.__file__).resolve().parent / "_product"
ROOT = _CHECKOUT if (_CHECKOUT / ".github" / "workflows" / "train.yml").is_file() else _INSIDE
_GITHUB = re.compile(r"(?:https://|ssh://git@|git@)github\.com[/:](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")


def pin() -> Pin | None:
    """This program as a commit on GitHub: of its checkout, or of what pip installed it from; None where neither says.

    Where a checkout stands on a commit that only this machine has is not known here; GitHub will say so.
    """
    found = _of_checkout() if ROOT == _CHECKOUT else _of_installation()
    return Pin(*found, mlops.__version__) if found else None


def github_repository(folder: Path = Path()) -> str:
    """The repository on GitHub, as OWNER/NAME, that a folder was cloned from; empty where it was not."""
    named = _GITHUB.fullmatch(history.origin(folder))
    return named["name"] if named else ""


def _of_checkout() -> tuple[str, str] | None:
    named, commit = _GITHUB.fullmatch(history.origin(ROOT)), history.head(ROOT)
    return (named["name"], commit) if named and commit else None


def _of_installation() -> tuple[str, str] | None:
    """Source: the specification of direct_url.json, which pip and uv write (PEP 610)."""
    try:
        stated = jsons.read(metadata.distribution("mlops").read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    named = _GITHUB.fullmatch(str(stated.get("url") or ""))
    commit = (stated.get("vcs_info") or {}).get("commit_id")
    return (named["name"], str(commit)) if named and commit else None


def changelog() -> str:
    """What changed, version by version."""
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
