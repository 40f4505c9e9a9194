"""The pages of the site: hostile text stays text, names lead somewhere, and a folder of somebody else is kept."""

import json
import re
from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.site.pages import link, pages
from mlops.site.write import write, write_front
from tests.site_example import HOSTILE, example


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return dict(pages(example(4)))


def test_there_is_a_page_for_each_model_and_a_badge_for_each_environment(files: dict[str, str]) -> None:
    assert {"index.html", "timeline.html", "models.html", "endpoints.html", "data.json"} < set(files)
    assert {f"models/{number}.html" for number in range(1, 5)} < set(files)
    assert json.loads(files["badges/production.json"])["message"] == "v4"
    assert json.loads(files["badges/verdict.json"])["message"] == "pass"


def test_text_from_outside_stays_text(files: dict[str, str]) -> None:
    for path, text in files.items():
        if path.endswith(".html"):
            assert "<script" not in text, path
            assert not re.search(r"<[^>]*\son\w+=", text), path
            assert "default-src 'none'" in text, path
    assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;") in files["index.html"]


def test_every_link_leads_to_a_page_or_an_anchor_that_is_there(files: dict[str, str]) -> None:
    for path, text in files.items():
        for target in re.findall(r'href="([^"]+)"', text) if path.endswith(".html") else ():
            if target.startswith(("https://", "data:")):
                continue
            place, _, anchor = target.partition("#")
            named = Path(path).parent.joinpath(place).as_posix() if place else path
            named = re.sub(r"[^/]+/\.\./", "", named)
            assert named in files, (path, target)
            assert not anchor or f'id="{anchor}"' in files[named], (path, target)


def test_every_chart_has_a_title_units_and_its_numbers(files: dict[str, str]) -> None:
    page = files["models/4.html"]
    assert "loss (nats" in page
    assert "share of 1" in page
    assert page.count("<figure>") == page.count("<figcaption>") == page.count("The numbers of") == 3


def test_a_model_has_its_promotions_cost_and_answers_beside_those_of_the_other(files: dict[str, str]) -> None:
    page = " ".join(re.sub(r"<[^>]+>", " ", files["models/4.html"]).split())
    for expected in ("staging 2026-01-05 12:00 UTC octocat ada 0.412 3", "Standard_NC24ads_A100_v4: 5.5 USD",
                     "probe arithmetic/1: +1.000", "deleted by cleanup"):  # fmt: skip
        assert expected in page
    assert "120 requests, 2 failed, p95 of the slowest minute 812 ms" in files["endpoints.html"]


def test_what_changed_since_the_model_before(files: dict[str, str]) -> None:
    assert re.search(r"learning_rate</th><td>5e-06</td><td>1e-05", files["models/4.html"])
    assert "What changed since" not in files["models/1.html"]


def test_a_project_without_a_release_has_a_site() -> None:
    found = dict(pages(example(0)))
    assert "No model is registered yet." in found["models.html"]


@pytest.mark.parametrize("text", ["javascript:alert(1)", "http://x", 'https://x" onload="y', "https://x\ny", ""])
def test_only_an_address_on_the_web_becomes_a_link(text: str) -> None:
    assert link(text) == ""


def test_a_site_replaces_a_site_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "site"
    assert write(example(2), out).files == write(example(2), out).files
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="is no site"):
        write(example(2), tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "site"]


def test_sites_of_several_models_have_a_page_above_them(tmp_path: Path) -> None:
    out = tmp_path / "sites"
    write_front(["support", "sales"], out)
    write(example(2), out / "support")
    write_front(["support", "sales"], out)
    assert '<a href="support/index.html">support</a>' in (out / "index.html").read_text(encoding="utf-8")
    assert (out / "support" / "index.html").is_file()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(BadInput, match="is no site"):
        write_front(["support"], tmp_path / "mine")
