"""Builds the documentation's site: `make docs-site` (docs/decisions/0036).

The documents stand in the repository as they are read there. Here each gets its place in the site, its links are led to
the pages that they mean, or to the file on GitHub, and what is written from the code is added (`tools/reference.py`).
Zensical then builds it strictly: a link or an anchor that leads nowhere ends the build.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import yaml

from tools import reference

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "docs-site"
CONFIGURATION = ROOT / "tools" / "docs_site.yml"
ALONE = {
    "README.md": "two-minutes.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "data/README.md": "conversations.md",
    "data/probes/README.md": "probes.md",
    "docs/decisions/README.md": "decisions/index.md",
    "docs/emulator.md": "emulator-here.md",
    "emulator/README.md": "emulator/index.md",
    "emulator/COVERAGE.md": "emulator/coverage.md",
    "emulator/docs/rest-parity.md": "emulator/rest-parity.md",
    "emulator/docs/recorded-parity.md": "emulator/recorded-parity.md",
}
FOLDERS = {"docs/decisions/": "decisions/", "docs/json/": "json/", "docs/": "", "emulator/docs/": "emulator/"}
LINK = re.compile(r"(\]\()([^)\s#]*)(#[^)\s]*)?\)")
MERMAID = re.compile(r"^```mermaid\n.*?^```\n", re.MULTILINE | re.DOTALL)
WIDE = """\
.md-typeset table:not([class]) { font-size: 0.66rem; }
.md-typeset table:not([class]) th, .md-typeset table:not([class]) td { padding: 0.5em 0.8em; min-width: 0; }
.md-typeset td code { word-break: normal; overflow-wrap: break-word; }
.md-typeset td:first-child code { white-space: nowrap; }
"""


class Broken(Exception):
    """A document names what is not there."""


def main() -> int:
    """Gather, write, build; 1 when the site would have a warning."""
    shutil.rmtree(OUT, ignore_errors=True)
    try:
        gather(ROOT, OUT / "source")
    except Broken as broken:
        print(f"docs-site: {broken}", file=sys.stderr)
        return 1
    stated = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))
    stated["nav"] = list(_with_decisions(stated["nav"], OUT / "source"))
    stated |= {"docs_dir": "source", "site_dir": "site"}
    (OUT / "mkdocs.yml").write_text(yaml.safe_dump(stated, sort_keys=False), encoding="utf-8")
    builder = Path(sys.executable).parent / "zensical"
    if not builder.is_file():
        print("docs-site: zensical is not installed; run `make docs-site`", file=sys.stderr)
        return 1
    done = subprocess.run(
        [str(builder), "build", "--strict"], cwd=OUT, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    if done.returncode == 0:
        print(f"docs-site: {OUT / 'site' / 'index.html'}")
    return done.returncode


def gather(root: Path, to: Path) -> None:
    """Every document at its place, with links that lead to places. Raises Broken."""
    found = places(root)
    for origin, place in found.items():
        target = to / place
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (root / origin).read_text(encoding="utf-8")
        target.write_text(linked(root, origin, text, found) if place.endswith(".md") else text, encoding="utf-8")
    for name, text in reference.pages(root).items():
        (to / "reference").mkdir(exist_ok=True)
        (to / "reference" / name).write_text(text, encoding="utf-8")
    (to / "wide-tables.css").write_text(WIDE, encoding="utf-8")


def places(root: Path) -> dict[str, str]:
    """Where a document of the repository is in the site."""
    found = dict(ALONE)
    for folder, place in FOLDERS.items():
        for path in sorted([*(root / folder).glob("*.md"), *(root / folder).glob("*.json")]):
            found.setdefault(f"{folder}{path.name}", f"{place}{path.name}")
    return found


def linked(root: Path, origin: str, text: str, found: dict[str, str]) -> str:
    """The text with links that work in the site; what stands in a fence is left alone. Raises Broken."""
    text = MERMAID.sub(f"[The diagram, on GitHub]({source(root)}/{origin})\n", text)
    parts = text.split("```")

    def lead(match: re.Match[str]) -> str:
        return f"{match[1]}{_target(root, origin, match[2], found)}{match[3] or ''})"

    return "```".join(part if index % 2 else LINK.sub(lead, part) for index, part in enumerate(parts))


def _target(root: Path, origin: str, link: str, found: dict[str, str]) -> str:
    if not link or "://" in link or link.startswith("mailto:"):
        return link
    meant = os.path.normpath(PurePosixPath(origin).parent / link)
    meant = f"{meant}/README.md" if (root / meant / "README.md").is_file() else meant
    if meant in found:
        return os.path.relpath(found[meant], PurePosixPath(found[origin]).parent)
    if not (root / meant).exists():
        raise Broken(f"{origin} names {link}, which is not there")
    return f"{source(root)}/{meant}"


def source(root: Path) -> str:
    """Where the repository's files are read: of the run on GitHub, else of its remote."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if not (server and name):
        asked = ["git", "-C", str(root), "remote", "get-url", "origin"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        known = re.fullmatch(r"(?:https://|git@)(github\.com)[/:](.+?)(?:\.git)?", said)
        server, name = (f"https://{known[1]}", known[2]) if known else ("https://github.com", "OWNER/REPO")
    return f"{server}/{name}/blob/main"


def _with_decisions(nav: list[object], source_folder: Path) -> Iterator[object]:
    """The navigation, in which a folder stands for its pages by number."""
    for entry in nav:
        if isinstance(entry, dict):
            ((title, inner),) = entry.items()
            if isinstance(inner, list):
                yield {title: list(_with_decisions(inner, source_folder))}
                continue
            if isinstance(inner, str) and inner.endswith("/"):
                pages = sorted(path.name for path in (source_folder / inner).glob("*.md") if path.name != "index.md")
                yield {title: [f"{inner}index.md", *(f"{inner}{name}" for name in pages)]}
                continue
        yield entry


if __name__ == "__main__":
    raise SystemExit(main())
