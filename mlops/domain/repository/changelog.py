"""What changed between two states of a changelog: the entries that the older one does not have."""

import re

_SECTION = re.compile(r"^## +(?:\[?(?P<version>[^\]\s]+)\]?).*$", re.MULTILINE)


def entries(text: str) -> list[str]:
    """Every entry as one line, in order."""
    found: list[str] = []
    for line in text.splitlines():
        if line.startswith("- "):
            found.append(line.removeprefix("- ").strip())
        elif line.startswith("  ") and found:
            found[-1] = f"{found[-1]} {line.strip()}"
    return found


def between(old: str, new: str) -> list[str]:
    """The entries of the newer one that the older one lacks, whatever section they stand in."""
    known = set(entries(old))
    return [entry for entry in entries(new) if entry not in known]


def since(version: str, text: str) -> list[str]:
    """The entries above the section of a version: where the older changelog is not at hand. All where it has none."""
    ends = next((found.start() for found in _SECTION.finditer(text) if found["version"] == version), len(text))
    return entries(text[:ends])
