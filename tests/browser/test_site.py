"""The site in a real browser: silent, on its own, accessible, and usable by keyboard and on a phone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PAGES = ("index.html", "timeline.html", "models.html", "endpoints.html", "models/8.html")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


class Visit:
    """A page with what its console said and what it asked the network for."""

    def __init__(self, page: Any, site: Path) -> None:
        self.page, self.site = page, site
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, name: str) -> Any:
        """Go to a page of the site by its file."""
        self.page.goto((self.site / name).as_uri())
        return self.page


@pytest.fixture
def visit(browser: Any, site: Path) -> Iterator[Visit]:
    """A visit on a desktop."""
    context = browser.new_context(viewport=DESKTOP)
    yield Visit(context.new_page(), site)
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_silent_and_asks_nobody(visit: Visit, name: str) -> None:
    visit.open(name)
    assert visit.said == []
    assert visit.asked == [(visit.site / name).as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser: Any, site: Path, name: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport=DESKTOP, color_scheme=scheme, bypass_csp=True)  # axe is a script
    page = Visit(context.new_page(), site).open(name)
    found = Axe().run(page)
    context.close()
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_does_not_scroll_sideways(browser: Any, site: Path, name: str) -> None:
    context = browser.new_context(viewport=PHONE)
    page = Visit(context.new_page(), site).open(name)
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert wide <= PHONE["width"]


def test_a_keyboard_reaches_the_content_and_a_model(visit: Visit) -> None:
    page = visit.open("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/models/8.html")
    assert page.title() == "chat:8 · chat"


def test_answers_stand_side_by_side_and_below_each_other_on_a_phone(visit: Visit) -> None:
    page = visit.open("models/8.html")
    page.locator("details.answer > summary").first.press("Enter")
    mine, theirs = page.locator("details.answer").first.locator(".beside > div").all()
    assert mine.bounding_box()["y"] == theirs.bounding_box()["y"]
    page.set_viewport_size(PHONE)
    assert mine.bounding_box()["y"] < theirs.bounding_box()["y"]


def test_a_box_of_the_lineage_leads_to_its_facts(visit: Visit) -> None:
    page = visit.open("models/8.html")
    page.get_by_role("link", name="run ft-000000000008-1").first.click()
    assert page.locator(":target").inner_text().split("\t")[:2] == ["run", "ft-000000000008-1"]


def test_a_chart_has_the_data_of_its_table(visit: Visit) -> None:
    page = visit.open("models/8.html")
    figure = page.get_by_role("figure").filter(has_text="Loss while it was trained").first
    assert figure.get_by_role("img").count() == 1
    paths = figure.locator("svg .series path.line").evaluate_all("found => found.map(one => one.getAttribute('d'))")
    assert [len(re.findall(r"[\d.]+ [\d.]+", path)) for path in paths] == [20, 4], "each line goes through its points"
    figure.get_by_text("The numbers of").click()
    assert figure.locator("tbody tr").count() == 20  # steps: those of one line hold those of the other


def test_colours_follow_the_system(browser: Any, site: Path) -> None:
    seen = set()
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = Visit(context.new_page(), site).open("index.html")
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert len(seen) == 2
