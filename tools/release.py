"""Gathers what a release consists of, checks that its parts agree, and with --publish makes it on GitHub.

Standard library only. The wheels stand in build/dist (`make dist`), the bill of materials in build/sbom.json (`make
sbom`); build/release gets that, the checksums and the notes. Without a tag it is a trial: the notes are those of
Unreleased.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONED = ("mlops/__init__.py", "emulator/azureml_emulator/__init__.py")
TAG = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)")


class Unfit(Exception):
    """What is there is no release of that tag."""


def main() -> int:
    """Gather, or publish what was gathered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", default="", help="vX.Y.Z; without one nothing is compared with it")
    parser.add_argument("--publish", action="store_true", help="make the release on GitHub, by gh")
    given = parser.parse_args()
    try:
        if given.publish:
            return publish(ROOT, given.tag)
        for path in gather(ROOT, given.tag):
            print(path.relative_to(ROOT))
    except Unfit as unfit:
        print(f"release: {unfit}", file=sys.stderr)
        return 1
    return 0


def gather(root: Path, tag: str) -> list[Path]:
    """The files of the release, checksums last. Raises Unfit."""
    version = released(root, tag)
    wheels = sorted((root / "build" / "dist").glob("*.whl"))
    found = {path.name.split("-")[0]: path.name.split("-")[1] for path in wheels}
    if found != {"mlops": version, "azureml_emulator": version}:
        raise Unfit(f"build/dist holds {found}, not one wheel of each distribution at {version}; run `make dist`")
    out = root / "build" / "release"
    out.mkdir(parents=True, exist_ok=True)
    (out / "notes.md").write_text(notes(root, version if tag else "Unreleased"), encoding="utf-8")
    (out / "sbom.json").write_bytes((root / "build" / "sbom.json").read_bytes())
    files = [*wheels, out / "sbom.json"]
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (out / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    return [*files, out / "SHA256SUMS"]


def released(root: Path, tag: str) -> str:
    """The one version of both distributions, which a tag must name. Raises Unfit."""
    stated: dict[str, list[str]] = {}
    for name in VERSIONED:
        stated[name] = re.findall(r'__version__ = "(.+)"', (root / name).read_text(encoding="utf-8"))
    versions = {version for found in stated.values() for version in found}
    if len(versions) != 1:
        raise Unfit(f"the distributions have other versions: {stated}")
    (version,) = versions
    if tag:
        named = TAG.fullmatch(tag)
        if not named or named[1] != version:
            raise Unfit(f"the tag {tag} is not v{version}, which {' and '.join(VERSIONED)} say")
    return version


def notes(root: Path, heading: str) -> str:
    """What CHANGELOG.md says below a heading. Raises Unfit where it says nothing."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## \[?{re.escape(heading)}\b[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if not found or not found[1].strip():
        raise Unfit(f"CHANGELOG.md has nothing under {heading}")
    return f"{found[1].strip()}\n"


def publish(root: Path, tag: str) -> int:
    """Make the release of a tag that is there; one that exists already is left as it is."""
    if not TAG.fullmatch(tag):
        raise Unfit(f"{tag!r} is no tag of a release, such as v0.1.0")
    gh = shutil.which("gh")
    if gh is None:
        raise Unfit("gh is not installed, by which GitHub is asked")
    if subprocess.run([gh, "release", "view", tag], cwd=root, capture_output=True, check=False).returncode == 0:
        print(f"release: {tag} is there already")
        return 0
    files = [str(path) for path in (*sorted((root / "build" / "dist").glob("*.whl")), *_beside(root))]
    more = ["--prerelease"] if re.search(r"\d(a|b|rc)\d", tag) else []
    notes_file = str(root / "build" / "release" / "notes.md")
    command = [
        gh,
        "release",
        "create",
        tag,
        "--verify-tag",
        "--title",
        tag,
        "--notes-file",
        notes_file,
        *more,
        *files,
    ]
    return subprocess.run(command, cwd=root, check=False).returncode


def _beside(root: Path) -> list[Path]:
    return [root / "build" / "release" / name for name in ("sbom.json", "SHA256SUMS")]


if __name__ == "__main__":
    raise SystemExit(main())
