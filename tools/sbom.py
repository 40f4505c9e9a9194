"""Writes what a runner installs as a software bill of materials: `make sbom`; with `--check` looks at licences alone.

Name, version and hashes come from the lock, the licence from what is installed. The form is CycloneDX 1.6, as JSON.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What goes with the project's own, by the words that packages use. Weak copyleft is used unchanged, as a library.
ALLOWED = re.compile(
    r"MIT|MIT License|MIT-0|MIT-CMU|Apache-2\.0|Apache( Software)? License.*|BSD.*|0BSD|ISC.*|PSF-2\.0|Zlib|CC0-1\.0|"
    r"CNRI-Python|Unlicense|HPND|Python Software Foundation License|Mozilla Public License 2\.0.*|MPL-2\.0|"
    r"(GNU )?Lesser General Public License v3 or later.*|LGPL-3\.0-or-later|3-Clause BSD License"
)
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(\[[\w,-]+\])?==(?P<version>[^\s;]+)", re.MULTILINE)
_PARTS = re.compile(r"\s+(?:AND|OR)\s+|;\s*|\s*,\s*")


@dataclass(frozen=True)
class Component:
    """One package of the lock; the licence is empty where it is not installed here, such as one for another system."""

    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str


def components(lock: str) -> Iterator[Component]:
    """Each package of a lock file."""
    for found in _PINNED.finditer(lock):
        hashes = tuple(re.findall(r"sha256:([0-9a-f]{64})", _block(lock, found.start())))
        yield Component(found["name"], found["version"], hashes, licence(found["name"]))


def licence(name: str) -> str:
    """What an installed package says of its licence; empty for one that is not installed."""
    try:
        stated = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if "License-Expression" in stated:
        return str(stated["License-Expression"])
    named = [text.rpartition(" :: ")[2] for text in stated.get_all("Classifier") or [] if text.startswith("License ::")]
    said = "; ".join(one for one in named if one != "OSI Approved")
    free = [text for text in stated.get_all("License") or [] if text.strip()]
    return said or (free[0].strip().splitlines()[0][:80] if free else "none stated")


def refused(found: Component) -> bool:
    """Whether its licence is not among those that are allowed; of several that may be chosen, one must be."""
    parts = [part.strip("() ") for part in _PARTS.split(found.licence) if part]
    fits = [bool(ALLOWED.fullmatch(part)) for part in parts]
    return bool(parts) and not (any(fits) if " OR " in found.licence else all(fits))


def document(lock: str) -> dict[str, object]:
    """The bill of materials."""
    listed = [
        {
            "type": "library",
            "name": one.name,
            "version": one.version,
            "purl": f"pkg:pypi/{one.name.lower()}@{one.version}",
            "hashes": [{"alg": "SHA-256", "content": text} for text in one.hashes],
            **({"licenses": [{"license": {"name": one.licence}}]} if one.licence else {}),
        }
        for one in components(lock)
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": listed}


def _block(lock: str, start: int) -> str:
    """The lines of one requirement: those that follow it are indented."""
    lines = lock[start:].splitlines()
    more = next((n for n, line in enumerate(lines[1:], 1) if not line.startswith(" ")), len(lines))
    return "\n".join(lines[:more])


def main() -> int:
    """Write build/sbom.json, and say which licences are not allowed."""
    lock = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    wrong = [f"{one.name} {one.version}: {one.licence}" for one in components(lock) if refused(one)]
    if "--check" not in sys.argv:
        target = ROOT / "build" / "sbom.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(document(lock), indent=2) + "\n", encoding="utf-8")
        print(f"wrote {target.relative_to(ROOT)}")
    print("".join(f"not allowed: {line}\n" for line in wrong), end="", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
