"""The documentation's site: every document has its place, every link leads on, and the reference is the code's."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from mlops.azure.entra_codes import CODES
from mlops.cli.main import cli
from tools import docs_site, reference

ROOT = Path(__file__).resolve().parents[2]


def listed(nav: object) -> Iterator[str]:
    """The pages that the navigation names."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for inner in nav.values():
            yield from listed(inner)
    elif isinstance(nav, list):
        for inner in nav:
            yield from listed(inner)


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it, which raises Broken for a link to what is not there."""
    folder = tmp_path_factory.mktemp("site")
    docs_site.gather(ROOT, folder)
    return folder


def test_every_document_has_a_place_and_every_place_is_reached(gathered: Path) -> None:
    made = {path.relative_to(gathered).as_posix() for path in gathered.rglob("*.md")}
    stated = yaml.safe_load(docs_site.CONFIGURATION.read_text(encoding="utf-8"))["nav"]
    assert set(listed(list(docs_site._with_decisions(stated, gathered)))) == made


def test_links_lead_to_the_page_of_the_site_or_to_the_file_on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/it")
    found = docs_site.places(ROOT)
    text = "[a](../README.md#commands) [b](decisions) [c](../params.yaml) [d](https://x.example) `[e](no.md)`".replace(
        "`[e](no.md)`", "```\n[e](no.md)\n```"
    )
    assert docs_site.linked(ROOT, "docs/data.md", text, found) == (
        "[a](two-minutes.md#commands) [b](decisions/index.md) [c](https://github.example/me/it/blob/main/params.yaml) "
        "[d](https://x.example) ```\n[e](no.md)\n```"
    )
    with pytest.raises(docs_site.Broken, match=r"docs/data\.md names no\.md"):
        docs_site.linked(ROOT, "docs/data.md", "[e](no.md)", found)


def test_the_reference_has_every_verb_key_code_and_variable() -> None:
    pages = reference.pages(ROOT)
    assert re.findall(r"^## `mlops (\S+?)`?(?: .*)?$", pages["commands.md"], re.MULTILINE) == cli.list_commands(
        click.Context(cli)
    )
    assert "| `environments.NAME.limits.minimum_requests` |" in pages["params.md"]
    assert '| `serving.egress` | `enabled` or `disabled` | `"enabled"` |' in pages["params.md"]
    assert "| 4 | refused by the gate |" in pages["answers.md"]
    assert re.search(r"^\| `MLOPS_RUNNER` \| .*\btrain\b", pages["workflows.md"], re.MULTILINE)
    assert "| `promote` | calls `promote` |" in pages["workflows.md"]


def test_the_runbook_has_every_code_of_entra_in_the_words_of_the_program() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| AADSTS(\d+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert {int(code): (cause, fix) for code, cause, fix in rows} == {
        code: (one.cause, one.fix) for code, one in CODES.items()
    }
