"""A real Chromium, Debian's, without a window. Where it or its driver is missing the tests say so and are skipped."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops.site.write import write
from tests.site_example import example

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for the tests of a module: its driver keeps an event loop running in this thread."""
    api = pytest.importorskip("playwright.sync_api", reason="`make browser` installs the driver of a browser")
    if CHROMIUM is None:
        pytest.skip("no Chromium here; `make browser` installs it on Debian")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of a project with eight releases and hostile text."""
    out = tmp_path_factory.mktemp("site") / "out"
    write(example(8), out)
    return out
